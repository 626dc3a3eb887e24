"""The report of an experiment as people and programs want it."""

import json
from typing import TYPE_CHECKING

import polars as pl

from interest_platform.commands.results import PIPED_WIDTH, Format, formatted

if TYPE_CHECKING:
    from interest_platform.recommendation.experiment.report import Report

FRAMES = ("metrics", "guardrails", "segments")


def as_json(found: "Report") -> str:
    """One object: verdicts, counts, and each frame as an array of objects; an unbounded limit is null."""
    counts = {
        "users": found.users,
        "seen_two_variants": found.seen_two_variants,
        "immature": found.immature,
        "sample_ratio_p": found.sample_ratio_p,
        "sample_ratio_always_valid_p": found.sample_ratio_always_valid_p,
    }
    frames = {name: _bounded(getattr(found, name)).to_dicts() for name in FRAMES}
    return json.dumps({"verdicts": found.verdicts, **counts, **frames}, allow_nan=False) + "\n"


def as_text(found: "Report", width: int = PIPED_WIDTH) -> str:
    """A line a variant, the counts, and the frames that have rows as tables."""
    lines = [f"{variant}: {verdict}" for variant, verdict in found.verdicts.items()]
    users = ", ".join(f"{n:,} of {variant}" for variant, n in found.users.items())
    lines.append(
        f"users: {users}; {found.seen_two_variants:,} saw two variants and are left out, {found.immature:,} have not "
        f"been in it for the horizon; sample ratio p {found.sample_ratio_always_valid_p:.3g} (at any look)"
    )
    tables = [
        f"\n{name}\n{formatted(_rounded(frame).to_arrow(), Format.TABLE, width).decode()}"
        for name in FRAMES
        if (frame := getattr(found, name)).height
    ]
    return "\n".join(lines) + "\n" + "".join(tables)


def _bounded(frame: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.col(pl.Float64)
    return frame.with_columns(pl.when(numbers.is_finite()).then(numbers))


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(4))
