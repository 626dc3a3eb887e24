"""Columns of a table in memory, laid out for one question: which rows are this user's?"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.errors import ContractError

KEY_BYTES = 64
"""A user_key is 64 hexadecimal digits."""
NO_ROWS = slice(0, 0)


@dataclass(frozen=True)
class UserRows:
    """Where each user's rows stand: 64 bytes a user for the key and 8 for the first row; found by bisection."""

    keys: np.ndarray
    """(n,) of 64 bytes, ascending."""
    starts: np.ndarray
    """(n + 1,) int64: the first row of each user, and the number of rows."""

    @classmethod
    def of(cls, user_keys: pl.Series) -> "UserRows":
        """Of a column that is sorted. Raises `ContractError` for a key that is not of 64 bytes."""
        if not (user_keys.str.len_bytes() == KEY_BYTES).all():
            raise ContractError(f"user_key: expected {KEY_BYTES} hexadecimal digits in each row")
        runs = pl.DataFrame({"run": user_keys.rle()}).unnest("run")
        # the keys' bytes as arrow has them, one after another, without an object for each
        data = runs["value"].to_arrow().buffers()[2] if runs.height else b""
        keys = np.frombuffer(data, f"S{KEY_BYTES}", count=runs.height)
        return cls(keys, np.concatenate([[0], np.cumsum(runs["len"].to_numpy(), dtype=np.int64)]))

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, user_key: str) -> bool:
        return self.of_user(user_key) is not NO_ROWS

    def of_user(self, user_key: str) -> slice:
        """The user's rows, none for one who is not here. O(log n)."""
        key = user_key.encode()
        place = int(self.keys.searchsorted(key))
        if place == len(self.keys) or self.keys[place] != key:
            return NO_ROWS
        return slice(int(self.starts[place]), int(self.starts[place + 1]))

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.keys.nbytes + self.starts.nbytes


@dataclass(frozen=True)
class Coded:
    """A column of texts: each distinct one is held once, and a row takes 1 to 4 bytes."""

    codes: np.ndarray
    texts: list[str]

    @classmethod
    def of(cls, column: pl.Series) -> "Coded":
        """Of a column without nulls."""
        distinct = column.unique().sort()
        return cls(column.cast(pl.Enum(distinct)).to_physical().to_numpy(), distinct.to_list())

    def at(self, rows: slice) -> list[str]:
        """The texts of those rows."""
        return [self.texts[code] for code in self.codes[rows].tolist()]

    @property
    def nbytes(self) -> int:
        """Memory of the codes, and of the texts' own bytes."""
        return self.codes.nbytes + sum(map(len, self.texts))
