"""What micro-batches tell on the demo's posts beside what each window's own run finds, and what they cost.

The line is run up to the windows looked at. Then, for each of them: a micro-batch at a quarter, half, three quarters
and the end of the window, then the window's own run. The rival is to keep everybody's segment of the last window.
"""

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

PARTS = (0.25, 0.5, 0.75, 1.0)
CONFIG = """
sources: [{name: mailing-lists, uri: "sample:mailing-lists"}]
windows: {grain: week, start: 2002-07-08, end: 2002-10-14, lookback: 2, half_life_days: 10}
clustering: {k: auto, k_range: [4, 16]}
"""
COLUMNS = ("window", "part", "users", "new", "equal", "kept", "followed", "kept", "known", "kept", "cosine", "kept")
WIDTHS = (10, 5, 6, 5, *(9,) * 8)


def main() -> None:
    """Print a line a micro-batch, means over all users told at each part, and processor seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=6, help="windows looked at, the last ones")
    parser.add_argument("--keep", type=Path, help="home to use and keep instead of a temporary one")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="dagster")
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.keep or Path(folder) / "home"
        home.mkdir(parents=True, exist_ok=True)
        (home / "interest.yaml").write_text(CONFIG)
        os.environ |= {"INTEREST_HOME": str(home), "INTEREST_CONFIG": str(home / "interest.yaml")}
        _report(list(_measured(arguments.windows)))


def _measured(looked_at: int) -> Iterator[dict[str, float | str]]:
    from interest_platform.code_location import platform_definitions
    from interest_platform.embedding import load_encoder
    from interest_platform.jobs import LINE
    from interest_platform.lake import Lake, Stamp
    from interest_platform.micro_batching import MicroBatches
    from interest_platform.runs import run_windows
    from interest_platform.settings import load_settings, pseudonym_key
    from interest_platform.sources.samples import fetch
    from interest_platform.stores import prepare, silence_telemetry

    silence_telemetry()
    settings = load_settings()
    fetch("mailing-lists", settings.cache_folder)
    instance, defs, lake = prepare(settings), platform_definitions(settings), Lake(settings)
    windows = list(settings.grid)
    run_windows(defs, instance, LINE, windows[:-looked_at])
    encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
    batches = MicroBatches(lake, pseudonym_key(settings.home), lambda: encoder, Stamp("benchmark", "none", "1"))
    encoder.encode(["the weights are loaded"])
    print("".join(f"{name:>{width}}" for name, width in zip(COLUMNS, WIDTHS, strict=True)), flush=True)
    for window in windows[-looked_at:]:
        told = [_timed(batches, window.start + part * (window.end - window.start)) for part in PARTS]
        again = _timed(batches, window.end)
        started = time.process_time()
        run_windows(defs, instance, LINE, [window])
        line = time.process_time() - started
        for part, (rows, seconds, encoded) in zip(PARTS, told, strict=True):
            row = _compared(lake, window, rows) | {"window": window.key, "part": part, "seconds": seconds}
            row |= {"encoded": encoded, "again": again[1], "line": line, "texts": again[2]}
            _tell(row)
            yield row


def _timed(batches, until: datetime) -> tuple[pl.DataFrame, float, int]:
    started = time.process_time()
    done = batches.run(until)
    return done.rows, time.process_time() - started, done.encoded


def _compared(lake, window, rows: pl.DataFrame) -> dict[str, float | str]:
    """The measures of `provisional_differences`, and the cosine of the last window's vectors of known users."""
    from interest_platform.domain.tables import USER_INTERESTS
    from interest_platform.interests.vectors import as_matrix
    from interest_platform.lake.reconciling import reconciled
    from interest_platform.live import Told

    measured = reconciled(lake, window, Told(rows), lake.version())
    found = dict(measured.select("metric", "value").iter_rows())
    found |= {f"{metric}_n": n for metric, n in measured.select("metric", "n").iter_rows()}
    base = lake.settings.grid.window(f"{rows['base_window_start'][0]:%Y-%m-%d}")
    vectors = [
        lake.read(USER_INTERESTS, [each], columns=["user_key", "interest_no", "vector"]).filter(
            pl.col("interest_no") == 0
        )
        for each in (base, window)
    ]
    both = rows.select("user_key", provisional="vector").join(vectors[0].rename({"vector": "old"}), on="user_key")
    both = both.join(vectors[1], on="user_key")
    old, told, final = (as_matrix(both[name]) for name in ("old", "provisional", "vector"))
    found["new"] = rows["previous_segment_id"].null_count()
    found["cosine_known"] = float(np.einsum("ij,ij->i", told, final).mean())
    found["kept_cosine_known"] = float(np.einsum("ij,ij->i", old, final).mean())
    found["cosine_known_n"] = found["kept_cosine_known_n"] = both.height
    return found


MEASURES = ("equal", "kept_equal", "followed", "kept_followed", "followed_known", "kept_followed_known")
COSINES = ("cosine_known", "kept_cosine_known")


def _tell(row: dict[str, float | str]) -> None:
    cells = [row["window"], f"{row['part']:.2f}", f"{row['users']:.0f}", f"{row['new']:.0f}"]
    cells += [f"{row[name]:.3f}" for name in (*MEASURES, *COSINES)]
    print("".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)), flush=True)


def _report(rows: Sequence[dict[str, float | str]]) -> None:
    print("\nmeans over users (equal: of users whose segment is still there; known: of users of the last window)")
    for part in PARTS:
        here = [row for row in rows if row["part"] == part]
        means = [_average(here, name) for name in (*MEASURES, *COSINES)]
        cells = ["all", f"{part:.2f}", *(f"{sum(row[name] for row in here):.0f}" for name in ("users", "new"))]
        cells += [f"{mean:.3f}" for mean in means]
        print("".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)))
    print("\nprocessor seconds, a window's mean")
    for part in PARTS:
        here = [row for row in rows if row["part"] == part]
        print(f"micro-batch at {part:.2f}: {_mean(here, 'seconds'):6.2f} ({_mean(here, 'encoded'):5.0f} texts encoded)")
    print(f"the same again, nothing new: {_mean(rows, 'again'):6.2f}")
    print(f"the window's own run, its texts encoded already: {_mean(rows, 'line'):6.2f}")


def _average(rows: Sequence[dict[str, float | str]], name: str) -> float:
    return float(np.average([row[name] or 0.0 for row in rows], weights=[row[f"{name}_n"] for row in rows]))


def _mean(rows: Sequence[dict[str, float | str]], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


if __name__ == "__main__":
    main()
