"""A text rule is a regular expression and what stands in its place; rules run over a whole column in native code.

Polars uses Rust's regex engine: no look-around, no back-references, and time linear in the text for every pattern.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl


class Rule(NamedTuple):
    """Everything that `pattern` matches becomes `replacement`.

    `hint` is a cheap pattern (literals, best) that every text with a match holds: the others are passed over, at a
    hundredth of the cost.
    """

    pattern: str
    replacement: str = ""
    hint: str | None = None

    def apply(self, texts: pl.Series) -> pl.Series:
        """The texts after this rule."""
        if self.hint is None:
            return self._replaced(texts)
        return change_where(texts, texts.str.contains(self.hint), self._replaced)

    def _replaced(self, texts: pl.Series) -> pl.Series:
        return texts.str.replace_all(self.pattern, self.replacement)


def apply_rules(texts: pl.Series, rules: Sequence[Rule]) -> pl.Series:
    """The texts after every rule, in the order of the rules."""
    for rule in rules:
        texts = rule.apply(texts)
    return texts


def change_where(texts: pl.Series, mask: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts with `change` applied to those under the mask only: most rules concern few rows."""
    places = mask.fill_null(False).arg_true()
    return texts.clone().scatter(places, change(texts.gather(places))) if len(places) else texts
