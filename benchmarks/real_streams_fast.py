"""The streams of ../shared/real_streams.py by library calls: many seeds in minutes, to choose and to hold out.

    python benchmarks/real_streams_fast.py --seeds 21 22 23 24 25
    python benchmarks/real_streams_fast.py --language zh --seeds 1 2 3

User vectors are the plain means of a window's texts (the line's are decayed within the window), and segments are
carried by the same functions that the line calls; `real_segments.py` runs the line. Texts are encoded once a run. Each
line has the means over the seeds: ours, the better rival's best number of clusters, and the change events.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

for folder in (Path(__file__).parent, Path(__file__).parent.parent / "tests"):
    sys.path.insert(0, str(folder))

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from real_segments import SHARED, Seen, _carried, _chinese, _streams, _unit, _whole  # noqa: E402
from sklearn.metrics import adjusted_mutual_info_score as ami  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from interest_platform.clustering.carried import State, carry, history  # noqa: E402
from interest_platform.clustering.carried.history import pooled  # noqa: E402
from interest_platform.configuration import EncoderSettings  # noqa: E402
from interest_platform.embedding import load_encoder  # noqa: E402

Window = tuple[np.ndarray, list[str], np.ndarray]


def main() -> None:
    """Read the arguments, then a line a stream."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", nargs="*", help="names of streams (default: all)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    given = parser.parse_args()
    if not SHARED.is_dir():
        raise SystemExit("the data sets are not there: benchmarks of real texts need ../shared")
    streams = _streams()
    texts = streams.labelled() if given.language == "en" else _chinese()
    known = _encoded(sorted({text for of in texts.values() for text in of}), given.language)
    ratios, events = [], np.zeros(3, int)
    for name in given.streams or streams.STREAMS:
        ours, best, counted = _stream(streams, name, texts, known, given.seeds)
        ratios.append(ours / best)
        events += counted
        right, false, missed = (int(each) for each in counted)
        print(
            f"{name:10} {ours:.3f} | {best:.3f} | {ours / best:.2f}   {right} right, {false} false, {missed} missed",
            flush=True,
        )
    right, false, missed = (int(each) for each in events)
    f1 = 2 * right / max(2 * right + false + missed, 1)
    print(f"mean ratio {np.mean(ratios):.3f}, least {min(ratios):.2f}")
    print(f"events F1 {f1:.2f}: {right} right, {false} false, {missed} missed")


def _encoded(texts: list[str], language: str) -> dict[str, np.ndarray]:
    kind = "transformer" if language == "en" else "multilingual"
    with tempfile.TemporaryDirectory() as home:
        encoder = load_encoder(EncoderSettings(kind=kind), Path(home), Path(home))
        return dict(zip(texts, np.asarray(encoder.encode(texts).vectors, np.float32), strict=True))


def _stream(
    streams: Any, name: str, texts: dict[str, list[str]], known: dict[str, np.ndarray], seeds: list[int]
) -> tuple[float, float, np.ndarray]:
    ours, best, events = [], [], np.zeros(3, int)
    for seed in seeds:
        rows, truth = streams.make(texts, seed, **streams.STREAMS[name])
        week = (pl.col("ts") - pl.lit(streams.START)).dt.total_minutes() // (7 * 24 * 60)
        by_week = rows.with_columns(week=week).partition_by("week", as_dict=True)
        windows = [_window(by_week[(number,)], known) for number in range(len(truth))]
        with threadpool_limits(limits=1):
            labels, told = _followed(windows)
        groups = [np.array([f"g{truth[n]['users'][user]}" for user in part[1]]) for n, part in enumerate(windows)]
        seen = Seen(
            np.concatenate([part[0] for part in windows]),
            np.concatenate(groups),
            np.concatenate([np.full(len(part[1]), n) for n, part in enumerate(windows)]),
            np.concatenate(labels),
        )
        ours.append(ami(seen.truth, seen.segments))
        best.append(max(*_whole(seen).values(), *_carried(seen).values()))
        members = [
            (n, segment, user)
            for n, (part, of) in enumerate(zip(windows, labels, strict=True))
            for segment, user in zip(of, part[1], strict=True)
        ]
        events += np.array(streams.score(told, members, truth))
    return float(np.mean(ours)), float(np.mean(best)), events


def _window(rows: pl.DataFrame, known: dict[str, np.ndarray]) -> Window:
    """Vectors, users and halves of a window."""
    users, vectors, halves = [], [], []
    for (user,), of in (
        rows.unique(["user_id", "text"]).sort("user_id", "text").group_by("user_id", maintain_order=True)
    ):
        told = np.stack([known[text] for text in of["text"]])
        length = np.linalg.norm(told.sum(axis=0))
        users.append(str(user))
        vectors.append(told.sum(axis=0) / length)
        halves.append(told[::2].sum(axis=0) / length if len(told) > 1 else np.zeros(told.shape[1]))
    return _unit(np.array(vectors, np.float32)).astype(np.float32), users, np.array(halves, np.float32)


def _followed(
    windows: list[Window],
) -> tuple[list[np.ndarray], list[tuple[int, str, tuple[str, ...], tuple[str, ...]]]]:
    """The lineage of each user by window, and the changes after the first."""
    state: State | None = None
    labels, told = [], []
    for number in range(len(windows)):
        earlier = pooled([len(part[1]) for part in reversed(windows[:number])])
        parts = windows[number - earlier : number + 1]
        seen, place = history(*([part[each] for part in parts] for each in range(3)))
        found = carry(seen, state, str(number))
        state = found.state
        labels.append(np.array(state.lineages)[found.posterior.argmax(axis=1)][place])
        if number:
            told += [(number, change.kind, change.parents, change.children) for change in found.changes]
    return labels, told


if __name__ == "__main__":
    main()
