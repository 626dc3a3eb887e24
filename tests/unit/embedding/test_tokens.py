import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interest_platform.embedding.tokens import Tokens, padded, plan_batches, tokenise


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 4000))
def test_every_text_is_in_one_batch_and_no_batch_is_too_large(lengths, batch_tokens):
    lengths = sorted(lengths)
    batches = plan_batches(lengths, batch_tokens, limit=300)
    assert sorted(i for first, end, _ in batches for i in range(first, end)) == list(range(len(lengths)))
    for first, end, length in batches:
        assert lengths[end - 1] <= length <= 300
        assert length % 8 == 0 or length == 300
        assert end - first == 1 or (end - first) * length <= batch_tokens


def test_the_longest_batch_comes_first():
    assert plan_batches([3, 8, 9, 20], 24, limit=512) == [(3, 4, 24), (2, 3, 16), (0, 2, 8)]


def test_padding_is_at_the_right_and_masked():
    batch = [Tokens(np.array([5, 6], np.int32), None, False), Tokens(np.array([7], np.int32), np.array([2]), False)]
    ids, mask, types = padded(batch, 3, pad_id=9)
    assert ids.tolist() == [[5, 6, 9], [7, 9, 9]]
    assert mask.tolist() == [[1, 1, 0], [1, 0, 0]]
    assert types is not None
    assert types.tolist() == [[0, 0, 0], [2, 0, 0]]
    assert padded(batch[:1], 2, pad_id=9)[2] is None


def test_a_tokenizer_without_the_rust_core_gives_the_same_tokens(tiny_bert):
    from transformers import AutoTokenizer

    fast = AutoTokenizer.from_pretrained(tiny_bert)

    class Slow:
        """The same tokens through the call that every tokenizer has."""

        is_fast = False
        pad_token_id, eos_token_id, model_input_names = 0, None, fast.model_input_names

        def __call__(self, *args, **kwargs):
            return fast(*args, **kwargs)

    texts = ["the cat", "", "dog " * 6, "dog " * 7, "unknownword"]
    for one, other in zip(tokenise(fast, texts, 8), tokenise(Slow(), texts, 8), strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.truncated == other.truncated


def test_a_text_without_any_token_becomes_one_padding_token(tiny_bert):
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    bare = AutoTokenizer.from_pretrained(tiny_bert)
    bare.backend_tokenizer.post_processor = TemplateProcessing(single="$A")
    assert [t.ids.tolist() for t in tokenise(bare, ["", "cat"], 8)] == [[0], [6]]
