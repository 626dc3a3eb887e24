"""Tiny models with random weights, made on the spot: a vocabulary of 28 words, vectors of length 32."""

from pathlib import Path

import pytest

WORDS = [
    *("a", "and", "cat", "dog", "fast", "for", "from", "good", "house", "in", "is", "kernel", "list", "mail"),
    *("music", "not", "of", "on", "patch", "python", "river", "slow", "song", "the", "this", "to", "with", "world"),
]
MARKERS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(MARKERS + WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)


def save_model(folder: Path, kind: str = "bert", seed: int = 0, **changes: object) -> Path:
    import torch
    from transformers import AutoConfig, AutoModel

    sizes = {
        "vocab_size": len(MARKERS + WORDS),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 66,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
        **changes,
    }
    if kind == "distilbert":
        renamed = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        sizes = {renamed.get(k, k): v for k, v in sizes.items()} | {"hidden_dim": 64}
        del sizes["intermediate_size"]
    torch.manual_seed(seed)
    model = AutoModel.from_config(AutoConfig.for_model(kind, **sizes))
    # random biases and norms too: a forward pass that forgot one would differ
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder, safe_serialization=True)
    save_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture
def make_model(tmp_path):
    """`make_model(kind, **configuration)` saves a tiny random model in a folder of this test."""
    return lambda kind="bert", **changes: save_model(tmp_path / f"tiny-{kind}", kind, **changes)
