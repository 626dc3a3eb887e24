import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder, workers
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.network import load_network
from interest_platform.errors import EncoderError

TEXTS = ["the cat and the dog", "a fast patch for the kernel", "music", "this song is not slow", "mail from the list"]


def encoder(path: Path, **settings):
    return load_encoder(EncoderSettings(**({"model": str(path), "precision": "fp32"} | settings)), Path("/"))


def by_hand(path: Path, text: str, pooling: str = "mean") -> np.ndarray:
    """The independent oracle: transformers alone, one text, no padding, no mask; float64 from the pooling on."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(path).eval()
    inputs = AutoTokenizer.from_pretrained(path)(text, return_tensors="pt")
    with torch.no_grad():
        hidden = model(input_ids=inputs["input_ids"]).last_hidden_state[0].double().numpy()
    pooled = {"mean": hidden.mean(axis=0), "cls": hidden[0], "last": hidden[-1]}[pooling]
    return pooled / np.linalg.norm(pooled)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "modernbert", "gpt2"])
def test_vectors_are_those_of_the_model_mean_pooled_for_any_architecture(make_model, kind):
    path = make_model(kind)
    vectors = encoder(path, pooling="mean").encode(TEXTS).vectors
    assert vectors.shape == (5, 32)
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(vector, by_hand(path, text), atol=2e-6)


@pytest.mark.parametrize("pooling", ["cls", "last"])
@pytest.mark.parametrize("kind", ["bert", "distilbert", "gpt2", "qwen3"])
def test_the_first_or_the_last_token_can_make_the_vector(make_model, kind, pooling):
    sizes = {"num_key_value_heads": 2, "head_dim": 8} if kind == "qwen3" else {}
    path = make_model(kind, **sizes)
    vectors = encoder(path, pooling=pooling).encode(TEXTS).vectors
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(vector, by_hand(path, text, pooling), atol=2e-6)


def test_an_instruction_is_put_before_every_text(tiny_bert):
    instructed = encoder(tiny_bert, instruction="mail list ").encode(TEXTS)
    np.testing.assert_array_equal(
        instructed.vectors, encoder(tiny_bert).encode([f"mail list {t}" for t in TEXTS]).vectors
    )
    assert instructed.n_tokens.tolist() == [n + 2 for n in encoder(tiny_bert).encode(TEXTS).n_tokens.tolist()]


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_fused_forward_equals_that_of_transformers(make_model, kind, precision):
    import torch

    from interest_platform.embedding.bert import FusedBert

    network = load_network(find_model(str(make_model(kind)), Path("/")), precision, "cpu", 64)
    if not isinstance(network.forward, FusedBert):
        pytest.skip("torch has no oneDNN product of this precision here")
    from transformers import AutoModel

    model = AutoModel.from_pretrained(
        find_model(str(make_model(kind)), Path("/")).path, dtype=network.forward.embeddings.word_embeddings.weight.dtype
    ).eval()
    ids = torch.randint(4, 32, (6, 16), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(16)[None] < torch.tensor([16, 9, 1, 2, 16, 15])[:, None]).long()
    ids[mask == 0] = 0
    with torch.inference_mode():
        ours, theirs = network.forward(ids, mask, None), model(input_ids=ids, attention_mask=mask).last_hidden_state
    tolerance = 2e-6 if precision == "fp32" else 0.04
    torch.testing.assert_close(ours[mask == 1], theirs[mask == 1], atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("changes", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_a_bert_the_fused_forward_was_not_made_for_takes_the_general_path(make_model, changes):
    path = make_model("bert", **changes)
    from interest_platform.embedding.bert import FusedBert

    assert not isinstance(load_network(find_model(str(path), Path("/")), "fp32", "cpu", 64).forward, FusedBert)
    np.testing.assert_allclose(
        encoder(path, pooling="mean").encode(TEXTS[:1]).vectors[0], by_hand(path, TEXTS[0]), atol=2e-6
    )


def test_only_the_encoder_of_an_encoder_decoder_is_used(make_model):
    small = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}
    vectors = encoder(make_model("t5", **small)).encode(TEXTS).vectors
    assert vectors.shape == (5, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_tokens_are_counted_and_cut_texts_flagged(tiny_bert):
    # 8 tokens: [CLS], up to six words, [SEP]
    texts = ["cat " * 6, "cat " * 7, "cat", "", "cat " * 500]
    encoded = encoder(tiny_bert, max_tokens=8).encode(texts)
    assert encoded.n_tokens.tolist() == [8, 8, 3, 2, 8]
    assert encoded.truncated.tolist() == [False, True, False, False, True]
    assert encoded.n_tokens.dtype == np.int32
    np.testing.assert_array_equal(encoded.vectors[0], encoded.vectors[1])


def test_the_models_own_limit_holds_where_the_setting_is_higher(make_model):
    bert = encoder(make_model("bert", max_position_embeddings=13), max_tokens=256)
    assert bert.description["max_tokens"] == 13
    assert bert.encode(["dog " * 50]).n_tokens.tolist() == [13]
    # RoBERTa's positions start at pad_token_id + 1
    roberta = encoder(make_model("roberta", max_position_embeddings=13), max_tokens=256)
    assert roberta.encode(["dog " * 50]).n_tokens.tolist() == [12]


def test_batches_and_workers_do_not_change_the_vectors(tiny_bert):
    texts = [" ".join(["river song", *["kernel"] * (i % 60)]) for i in range(90)]
    wide = encoder(tiny_bert, batch_tokens=8192).encode(texts).vectors
    narrow = encoder(tiny_bert, batch_tokens=64).encode(texts).vectors
    assert np.einsum("nd,nd->n", wide, narrow).min() > 1 - 1e-6


def test_progress_adds_up_to_the_texts_duplicates_included(tiny_bert):
    steps: list[int] = []
    encoder(tiny_bert, batch_tokens=64).encode(["cat dog " * (i % 20) + "cat" for i in range(100)], steps.append)
    assert sum(steps) == 100
    assert len(steps) > 1


def test_the_number_of_threads_is_as_before_also_after_a_failure(tiny_bert):
    import torch

    before = torch.get_num_threads()
    encoder(tiny_bert, batch_tokens=64).encode(["cat " * i for i in range(1, 50)])
    assert torch.get_num_threads() == before

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encoder(tiny_bert, batch_tokens=64).encode(["cat " * i for i in range(1, 50)], fail)
    assert torch.get_num_threads() == before


def test_two_threads_may_encode_at_once(tiny_bert):
    shared, found = encoder(tiny_bert), {}
    texts = [["cat " * i for i in range(1, 40)], ["dog " * i for i in range(1, 40)]]
    threads = [
        threading.Thread(target=lambda i=i: found.__setitem__(i, shared.encode(texts[i]).vectors)) for i in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in (0, 1):
        np.testing.assert_array_equal(found[i], shared.encode(texts[i]).vectors)


def test_each_batch_of_few_gets_several_cores():
    import torch

    seen = []
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        list(workers.run(lambda _: seen.append(torch.get_num_threads()), [1, 2], workers.Plan(4, 64)))
    finally:
        torch.set_num_threads(before)
    assert seen == [2, 2]


def test_weights_that_are_not_finite_give_an_error_and_no_vector(make_model):
    from safetensors.torch import load_file, save_file

    path = make_model()
    weights = load_file(path / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][4 + 2] = float("nan")  # the word "cat"
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"1 of 2 vectors are not finite \(first: text 1\)") as error:
        encoder(path).encode(["the dog", "the cat"])
    assert "\n" not in str(error.value)
    assert np.isfinite(encoder(path).encode(["the dog"]).vectors).all()


def test_weights_that_the_configuration_asks_for_but_are_not_there_are_refused(make_model):
    from safetensors.torch import load_file, save_file

    path = make_model()
    weights = load_file(path / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"lacks weights .*\(1, such as encoder.layer.1.output.dense.weight\)"):
        encoder(path).encode(["cat"])


def test_damaged_weights_are_one_clear_line(make_model):
    path = make_model()
    (path / "model.safetensors").write_bytes(b"garbage" * 100)
    with pytest.raises(EncoderError, match="transformers can't load") as error:
        encoder(path).encode(["cat"])
    assert "\n" not in str(error.value)


def test_code_in_the_models_folder_is_not_run(make_model, tmp_path):
    path = make_model()
    config = json.loads((path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (path / "config.json").write_text(json.dumps(config))
    (path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(EncoderError):
        encoder(path).encode(["cat"])
    assert not (tmp_path / "ran").exists()


def test_the_fingerprint_of_the_bundled_model_needs_no_torch():
    program = (
        "import sys; from pathlib import Path; from interest_platform.configuration import EncoderSettings;"
        "from interest_platform.embedding import load_encoder;"
        "e = load_encoder(EncoderSettings(), Path('.')); n = len(e.encode([]).vectors);"
        "print(e.fingerprint, e.dimension, n, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    from interest_platform.embedding import hardware

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert printed[0].startswith("transformer-")
    assert printed[1:3] == ["384", "0"]
    if hardware.device() == "cpu" and Path("/proc/cpuinfo").exists():
        assert printed[3:] == ["False", "False"]
