"""What is refused before anything is computed: each message names the argument, the value and what is allowed."""

import math

import numpy as np

from interest_platform.errors import ExperimentError


def probability(name: str, value: float) -> float:
    """The value if it lies strictly between 0 and 1; else `ExperimentError`."""
    if not 0 < value < 1:
        raise ExperimentError(f"{name} is {value}: give a number above 0 and below 1")
    return value


def positive(name: str, value: float) -> float:
    """The value if it is finite and above 0; else `ExperimentError`."""
    if not 0 < value < math.inf:
        raise ExperimentError(f"{name} is {value}: give a finite number above 0")
    return value


def numbers(name: str, values: np.ndarray, length: int | None = None) -> np.ndarray:
    """The values as (n,) float64; `ExperimentError` if there are none, one is not finite, or n is not `length`."""
    given = np.asarray(values, np.float64)
    if given.ndim != 1 or not given.size:
        raise ExperimentError(f"{name} has shape {given.shape}: give one number for each of at least one user or row")
    if length is not None and given.size != length:
        raise ExperimentError(f"{name} has {given.size} entries beside {length} of the others: give one for each row")
    if not np.isfinite(given).all():
        raise ExperimentError(f"{name} has {int((~np.isfinite(given)).sum())} entries that are no finite numbers")
    return given


def arms(treated: np.ndarray, length: int) -> np.ndarray:
    """The mask (n,) of treated users as bool; `ExperimentError` unless it fits and both arms have two users or more."""
    mask = np.asarray(treated)
    if mask.dtype != bool or mask.shape != (length,):
        raise ExperimentError(
            f"treated is {mask.dtype} of shape {mask.shape}: give one boolean for each of {length} users"
        )
    sizes = int(mask.sum()), int((~mask).sum())
    if min(sizes) < 2:
        raise ExperimentError(
            f"{sizes[0]} treated and {sizes[1]} control users: a spread needs two or more in each arm"
        )
    return mask
