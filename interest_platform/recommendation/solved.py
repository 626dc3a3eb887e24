"""Large matrices that several strategies have in common, kept while the interactions they are of live."""

import threading
import weakref

import numpy as np

from interest_platform.recommendation.interactions import Interactions

CELLS = 64_000_000
"""Numbers that are kept at most, 256 MB as float32: the weights of 8,000 items; a larger matrix is not kept."""


class Solved:
    """The last matrices, by the interactions (the object, which nobody changes) and a parameter."""

    def __init__(self) -> None:
        self._kept: list[tuple[weakref.ref[Interactions], float, np.ndarray]] = []
        self._guard = threading.Lock()

    def get(self, interactions: Interactions, parameter: float) -> np.ndarray | None:
        """The matrix, read-only; None where it is not kept."""
        with self._guard:
            for of, with_parameter, matrix in self._kept:
                if of() is interactions and with_parameter == parameter:
                    return matrix
        return None

    def keep(self, interactions: Interactions, parameter: float, matrix: np.ndarray) -> None:
        """Keep it, and forget the oldest beyond `CELLS` and those whose interactions are gone."""
        matrix.flags.writeable = False
        with self._guard:
            self._kept = [each for each in self._kept if each[0]() is not None]
            self._kept.append((weakref.ref(interactions, self._forget), parameter, matrix))
            while self._kept and sum(each[2].size for each in self._kept) > CELLS:
                self._kept.pop(0)

    def _forget(self, gone: "weakref.ref[Interactions]") -> None:
        # may be called while `keep` holds the guard: a list of its own is put in place at once
        self._kept = [each for each in self._kept if each[0] is not gone]
