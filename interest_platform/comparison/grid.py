"""The grid of a comparison: each method with each way to k, as clustering settings."""

from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from interest_platform.configuration import ClusteringSettings, Configuration
from interest_platform.domain.windows import WindowGrid
from interest_platform.errors import SettingsError

DENSITY = "density"
"""How hdbscan comes to k."""


@dataclass(frozen=True)
class Cell:
    """A method with a way to k: the rule's name, `k=8` where k is given, or `density`."""

    method: str
    k_rule: str
    settings: ClusteringSettings

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.method} {self.k_rule}"


@dataclass(frozen=True)
class Grid:
    """The cells in the order of the configuration, and one line on each pair that makes no cell of its own."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


def compared_windows(config: Configuration) -> WindowGrid:
    """The windows that are compared on, as a grid of their own."""
    windows, given = config.windows, config.comparison
    return WindowGrid(windows.grain, given.start or windows.start, given.end or windows.end)


def expand(config: Configuration) -> Grid:
    """Every method with every rule and every k.

    hdbscan finds k itself and is one cell however many rules there are; a rule that a method can't obey makes no cell.
    Both are noted. Raises `SettingsError` where a method has no cell at all.
    """
    return _Expansion(config).grid


class _Expansion:
    def __init__(self, config: Configuration) -> None:
        self._given, self._base = config.comparison, config.clustering
        self._notes: list[str] = []

    @cached_property
    def grid(self) -> Grid:
        methods = self._given.methods or (self._base.method,)
        found = [cell for method in methods for cell in self._of(method)]
        return Grid(tuple(found), tuple(self._notes))

    def _of(self, method: str) -> list[Cell]:
        if method == "hdbscan":
            if self._given.k_rules or self._given.ks:
                self._notes.append("hdbscan finds k itself: it runs once, without k_rules and ks")
            return [Cell(method, DENSITY, self._settings(method))]
        found = []
        for rule in self._rules:
            try:
                found.append(Cell(method, rule, self._settings(method, k_rule=rule)))
            except ValidationError as error:
                self._notes.append(f"{method} does not run with {rule}: {_reason(error)}")
        found += [Cell(method, f"k={k}", self._settings(method, k=k)) for k in self._ks]
        if not found:
            raise SettingsError(f"comparison.k_rules: nothing is left for {method}: {self._notes[-1]}")
        return found

    @property
    def _rules(self) -> tuple[str, ...]:
        """Each window is compared alone, so that nothing is carried into it."""
        own = () if self._given.ks or self._base.k != "auto" else (self._base.k_rule,)
        given = (self._base.model_copy(update={"k_rule": rule}).window_rule for rule in self._given.k_rules or own)
        return tuple(dict.fromkeys(given))

    @property
    def _ks(self) -> tuple[int, ...]:
        own = () if self._given.k_rules or self._base.k == "auto" else (self._base.k,)
        return self._given.ks or own

    def _settings(self, method: str, **more: object) -> ClusteringSettings:
        """Those of `clustering`, but what the method and the way to k decide."""
        told = self._base.model_dump(exclude={"method", "k", "k_rule", "detail", "min_cluster_size", "covariance"})
        if method == "hdbscan":
            told["min_cluster_size"] = self._given.min_cluster_size or self._base.min_cluster_size
        if method == "gaussian-mixture":
            told["covariance"] = self._base.covariance
        return ClusteringSettings.model_validate(told | {"method": method} | more)


def _reason(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
