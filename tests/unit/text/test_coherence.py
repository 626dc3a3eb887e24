from math import log

import numpy as np
import pytest

from interest_platform.text.coherence import npmi, term_diversity
from interest_platform.text.diversity import choose


def test_npmi_by_hand():
    """p(a) = 3/4, p(b) = 2/4, p(a, b) = 1/4: ln(.25 / .375) / -ln(.25)."""
    documents = [["a", "a"], ["a"], ["a", "b"], ["b"]]
    assert npmi([["a", "b"]], documents) == [pytest.approx(log(0.25 / 0.375) / -log(0.25))]


def test_npmi_is_the_mean_of_the_pairs_and_has_its_bounds():
    documents = [["a", "b"], ["a", "b"], ["c"], ["d"]]
    assert npmi([["a", "b"], ["a", "c"], ["a", "b", "c"]], documents) == pytest.approx([1, -1, (1 - 1 - 1) / 3])


def test_npmi_of_terms_everywhere_of_unknown_terms_and_of_single_ones():
    assert npmi([["a", "b"], ["x", "y"], ["a"], []], [["a", "b"], ["b", "a"]]) == [1, -1, None, None]
    assert npmi([["a", "b"]], []) == [-1]


def test_diversity_of_terms():
    assert term_diversity([["a", "b"], ["c", "d"]]) == 1
    assert term_diversity([["a", "b"], ["a", "b"]]) == 0.5
    assert term_diversity([[], []]) is None


def test_the_next_term_is_worth_its_score_less_its_likeness_to_those_chosen():
    """After the first, with diversity .5: .5 * .9 - .5 * .8 = .05 against .5 * .4 - 0 = .2."""
    alike = np.array([[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]])
    assert choose(np.array([1, 0.9, 0.4]), alike, 3, 0.5) == [0, 2, 1]
    assert choose(np.array([1, 0.9, 0.4]), alike, 3, 0.0) == [0, 1, 2]
    assert choose(np.array([1.0]), np.ones((1, 1)), 3, 0.9) == [0]
