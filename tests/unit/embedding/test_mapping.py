"""A change of encoder: the rotation between two spaces, and its error on texts held out."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from interest_platform.embedding.mapping import FEWEST, fit_mapping


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def texts(n=400, d=16, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((n, d)))


def test_a_rotation_is_found_and_its_error_is_none():
    old = texts()
    rotation = ortho_group.rvs(16, random_state=1)
    found = fit_mapping(old, old @ rotation)
    assert found.matrix == pytest.approx(rotation, abs=1e-9)
    assert (found.cosine, found.error) == pytest.approx((1, 0), abs=1e-9) and found.tells
    assert found(old[:3]) == pytest.approx(old[:3] @ rotation)


def test_it_is_scipys_solution():
    old, new = texts(seed=1), texts(seed=2) + texts(seed=1)
    expected, _ = orthogonal_procrustes(old, unit(new))
    assert fit_mapping(old, unit(new)).matrix == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("d_from", "d_to"), [(16, 24), (24, 16)])
def test_between_other_lengths_it_is_the_solution_for_vectors_padded_with_zeros(d_from, d_to):
    old, new = texts(d=d_from, seed=3), texts(d=d_to, seed=4)
    width = max(d_from, d_to)
    padded = [np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in (old, new)]
    expected, _ = orthogonal_procrustes(*padded)
    found = fit_mapping(old, new).matrix
    assert found.shape == (d_from, d_to)
    best = np.linalg.norm(padded[0] @ expected[:, :d_to] - new)
    assert np.linalg.norm(old @ found - new) == pytest.approx(best)
    orthonormal = found @ found.T if d_from < d_to else found.T @ found
    assert orthonormal == pytest.approx(np.eye(min(d_from, d_to)), abs=1e-9)


def test_cosines_between_texts_stay_what_they_were_in_a_wider_space():
    old = texts(d=8)
    mapped = fit_mapping(old, texts(d=32, seed=5))(old)
    assert mapped @ mapped.T == pytest.approx(old @ old.T, abs=1e-9)


def test_the_error_is_that_of_texts_held_out():
    # noise in as many dimensions as there are texts fits itself, and tells nothing of others
    old, new = texts(n=60, d=64, seed=6), texts(n=60, d=64, seed=7)
    found = fit_mapping(old, new)
    own = np.einsum("ij,ij->i", found(old), new).mean()
    assert own > 0.6 and abs(found.cosine) < 0.2
    assert found.error == pytest.approx(np.sqrt(2), abs=0.15)


def test_what_any_text_would_have_is_told_beside_it():
    # both encoders share one direction of all texts and nothing else
    common = np.eye(16)[0] * 3
    old, new = unit(texts(seed=8) + common), unit(texts(seed=9) + common)
    found = fit_mapping(old, new)
    assert found.cosine > 0.85 and found.chance == pytest.approx(found.cosine, abs=0.01)


def test_few_texts_give_no_mapping():
    assert fit_mapping(texts(FEWEST - 1), texts(FEWEST - 1)) is None
    assert fit_mapping(texts(FEWEST), texts(FEWEST)) is not None
