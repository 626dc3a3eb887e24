"""A row of a product is what it is, however many rows are asked for with it."""

import pytest
import torch

from interest_platform.embedding.steady import BLOCKS, PROBED, block_rows, in_blocks


def doubled(x):
    return x * 2


def moody(*moods):
    """A product that is another for these numbers of rows."""
    return lambda x: x * (3 if len(x) in moods else 2)


def threaded(*moods):
    """One that is another for these numbers of rows on several cores."""
    return lambda x: x * (3 if torch.get_num_threads() > 1 and len(x) in moods else 2)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_product_that_never_depends_on_its_rows_may_have_any():
    assert block_rows(doubled, 4) is None


@pytest.mark.parametrize("rows", [8, 128, 1024])
def test_one_that_does_is_asked_for_the_same_number_always(rows):
    assert block_rows(moody(rows), 4) == BLOCKS[0]


def test_a_block_gives_the_same_on_one_core_and_on_all(two_threads):
    assert block_rows(threaded(32, 64), 4) == 128
    assert torch.get_num_threads() == 2


def test_blocks_of_rows_are_the_rows():
    x, y = torch.arange(20.0).reshape(10, 2), torch.ones(10, 2)
    asked = []

    def product(a, b):
        asked.append(len(a))
        return a + b

    assert torch.equal(in_blocks(product, 4, x, y), x + y)
    assert asked == [4, 4, 4]


def test_a_row_is_the_same_alone_and_among_others_once_it_is_asked_for_in_blocks():
    product, x = moody(8, 16), torch.randn(64, 3)
    whole = in_blocks(product, 32, x)
    for n in (1, 8, 16, 31, 33):
        assert torch.equal(in_blocks(product, 32, x[:n]), whole[:n])


def test_the_blocks_that_may_be_chosen_are_tried():
    assert set(BLOCKS) <= set(PROBED)
