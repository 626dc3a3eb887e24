"""Do memberships mean what they say? Half of each user's texts foretells the segment of the other half.

    python benchmarks/membership.py --sets demo amazon
    python benchmarks/membership.py --sets --streams small noisy many --seeds 21 22

A user with two texts or more in a window is placed by one half of them and the past; the segment nearest to the other
half is what happened. Calibration error: the mean gap, over ten bins, between the probability told and how often it was
so (Naeini, Cooper and Hauskrecht 2015). Log loss in nats. `sharp` is the method before: the posterior of a mixture of
von Mises-Fisher distributions around the same centroids, of the same half alone. Flips: users in another segment than
in the last window, by one half and the past; `supported` are those whose other half is nearer to the new one.
"""

import argparse
import sys
import tempfile
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parent.parent / "tests"):
    sys.path.insert(0, str(folder))

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from dynamics_line import _interest, _queried  # noqa: E402
from real_segments import SETS, Task, _tasks, configured  # noqa: E402

from interest_platform.clustering.carried import History, State, carry, history  # noqa: E402
from interest_platform.clustering.carried.belief import believe  # noqa: E402
from interest_platform.clustering.carried.history import pooled  # noqa: E402
from interest_platform.clustering.membership import soft_membership  # noqa: E402
from interest_platform.numerics.unit import unit  # noqa: E402

ROWS = "SELECT window_start w, user_key u, vector, half FROM user_interests WHERE interest_no = 0 ORDER BY ALL"
BINS = 10


def main() -> None:
    """Read the arguments, then a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--streams", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    print("users | calibration error, log loss: ours | sharp | flips | supported | ratio")
    for task in _tasks(parser.parse_args()):
        print(f"{task.name:22} {_measured(task)}", flush=True)


def _measured(task: Task) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configured(task, folder)
        _interest(folder, "run", "--no-publish")
        rows = _queried(folder, ROWS)
    windows = [_arrays(of) for _, of in rows.group_by("w", maintain_order=True)]
    state: State | None = None
    told, sharp, truth = [], [], []
    last: dict[str, str] = {}
    flips = supported = returned = 0
    for number in range(len(windows)):
        earlier = pooled([len(part[1]) for part in reversed(windows[:number])])
        parts = windows[number - earlier : number + 1]
        seen, _ = history(*([part[each] for part in parts] for each in range(3)))
        keys = _keys(seen, parts)
        state = carry(seen, state, str(number)).state
        two = seen.now & (np.abs(seen.halves).sum(axis=1) > 0)
        if state.k < 2 or not two.any():
            continue
        held, other = _halved(seen, two)
        near = (other @ state.centroids.T).argmax(axis=1)
        posterior = believe(held, state.centroids, state.sharpness, state.moving).posterior[two[seen.now]]
        told.append(posterior)
        truth.append(near)
        for user, place, vector in zip(seen.users[two], posterior.argmax(axis=1), other, strict=True):
            key, now = keys[user], state.lineages[place]
            was = last.get(key, now)
            if was != now and was in state.lineages:
                flips += 1
                nearer = vector @ state.centroids[[state.lineages.index(was), place]].T
                supported += int(nearer[1] > nearer[0])
            returned += key in last
            last[key] = now
        half = held.vectors[two]
        sharp.append(soft_membership(half, state.centroids, (half @ state.centroids.T).argmax(axis=1)))
    ours, before = _quality(told, truth), _quality(sharp, truth)
    count = sum(len(each) for each in truth)
    share = flips / max(returned, 1)
    kept = f"{share:.2f} | {supported / max(returned, 1):.2f} | {flips / max(supported, 1):.2f}"
    return f"{count:5d} | {ours[0]:.3f}, {ours[1]:.2f} | {before[0]:.3f}, {before[1]:.2f} | {kept}"


def _keys(seen: History, parts: list[tuple[np.ndarray, list[str], np.ndarray]]) -> dict[int, str]:
    """The key of each user of this window by the history's number."""
    vectors, users, _ = parts[-1]
    named = {row.tobytes(): user for row, user in zip(vectors + np.float32(0), users, strict=True)}
    return {
        number: named[row.tobytes()] for number, row in zip(seen.users[seen.now], seen.vectors[seen.now], strict=True)
    }


def _arrays(of: pl.DataFrame) -> tuple[np.ndarray, list[str], np.ndarray]:
    vectors = np.array(of["vector"].to_list(), np.float32)
    nothing = [0.0] * vectors.shape[1]
    halves = np.array([half if half is not None else nothing for half in of["half"].to_list()], np.float32)
    return vectors, of["u"].to_list(), halves


def _halved(seen: History, two: np.ndarray) -> tuple[History, np.ndarray]:
    """The history with one half of this window's texts, and the other half's vectors."""
    vectors, halves = seen.vectors.copy(), seen.halves.copy()
    vectors[two], halves[two] = unit(seen.halves[two]), 0
    return History(vectors, seen.users, seen.windows, halves), unit(seen.vectors[two] - seen.halves[two])


def _quality(told: list[np.ndarray], truth: list[np.ndarray]) -> tuple[float, float]:
    """Expected calibration error, and log loss in nats."""
    if not told:
        return float("nan"), float("nan")
    sure = np.concatenate([each.max(axis=1) for each in told])
    right = np.concatenate([each.argmax(axis=1) == near for each, near in zip(told, truth, strict=True)])
    loss = np.concatenate([each[np.arange(len(near)), near] for each, near in zip(told, truth, strict=True)])
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps)), float(-np.log(np.maximum(loss, 1e-6)).mean())


if __name__ == "__main__":
    main()
