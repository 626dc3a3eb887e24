"""What encoding has cost since it was last asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Forecast:
    """What encoding some texts will cost: estimated tokens, cost (None without a price), and the least seconds."""

    tokens: int
    cost: float | None
    seconds: float


@runtime_checkable
class Metered(Protocol):
    """An encoder that is paid for by use."""

    def spent(self) -> Mapping[str, int | float]:
        """Texts asked for and texts kept from before, requests, retries, tokens and cost since the last call."""

    def forecast(self, texts: Sequence[str]) -> Forecast:
        """What it would cost to encode the texts now; asks for nothing."""


class Spending:
    """Counts requests, tokens and money. `price` is that of a million tokens, None where nothing is charged.

    Tokens of answers that could not be used are counted; those of answers that never came are not known.
    """

    def __init__(self, price: float | None) -> None:
        self._price = price
        self._reset()

    def cost(self, tokens: int) -> float | None:
        """Of so many tokens; None without a price."""
        return None if self._price is None else tokens * self._price / 1_000_000

    def found(self, kept: int, asked: int) -> None:
        """So many distinct texts were kept from before, so many had to be asked for."""
        self._kept += kept
        self._asked += asked

    def asked(self, requests: int, retries: int) -> None:
        """So many requests were sent, retries among them."""
        self._requests += requests
        self._retries += retries

    def paid(self, tokens: int, told: bool) -> None:
        """An answer of so many tokens has come; `told` where the server counted them."""
        self._tokens += tokens
        self._estimated += 0 if told else tokens

    def take(self) -> Mapping[str, int | float]:
        """All counts, which then begin anew. The cost is left out where there is no price."""
        told: dict[str, int | float] = {
            "texts_asked": self._asked,
            "texts_kept": self._kept,
            "requests": self._requests,
            "retries": self._retries,
            "paid_tokens": self._tokens,
            "estimated_tokens": self._estimated,
        }
        if (cost := self.cost(self._tokens)) is not None:
            told["cost"] = cost
        self._reset()
        return told

    def _reset(self) -> None:
        self._asked = self._kept = self._requests = self._retries = self._tokens = self._estimated = 0
