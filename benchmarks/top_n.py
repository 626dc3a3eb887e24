"""Top-10 lists of all users of a large catalogue: seconds and memory.

    python benchmarks/top_n.py                          100,000 users x 20,000 items, 64 factors and EASE
    python benchmarks/top_n.py --users 20000 --only factors

Users have dealt with about --each items, popularity being Zipf's. `factors` scores by 64 random factors, `ease` by a
random dense matrix items x items, as EASE's is (fitting it is not measured: it takes the cube of the items). Seen items
are hidden, and one item in twenty is out of stock. Memory is the peak while the lists are made, above what the model
and the interactions take.
"""

import argparse
import resource
import time
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation.als import FittedAls
from interest_platform.recommendation.ease import FittedEase
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.top import top

FACTORS = 64


@dataclass
class Sizes:
    """How large."""

    users: int
    items: int
    each: int


def interactions(sizes: Sizes) -> Interactions:
    """Drawn by Zipf's law with exponent .8, duplicates being one."""
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, sizes.items + 1) ** 0.8
    user = np.repeat(np.arange(sizes.users), rng.poisson(sizes.each, sizes.users))
    item = rng.choice(sizes.items, len(user), p=share / share.sum())
    item[: sizes.items] = np.arange(sizes.items)[: len(item)]  # each is known
    cells = csr_array((np.ones(len(user), np.float32), (user, item)), shape=(sizes.users, sizes.items))
    names = [np.array([f"{n:08d}" for n in range(size)], object) for size in cells.shape]
    return Interactions(names[0], names[1], cells, cells)


def model(kind: str, told: Interactions) -> FittedAls | FittedEase:
    """Of random numbers: what they are changes no time."""
    rng, (n, m) = np.random.default_rng(1), told.counts.shape
    if kind == "factors":
        return FittedAls(told, rng.normal(size=(n, FACTORS)).astype(np.float32), rng.random((m, FACTORS), np.float32))
    return FittedEase(told, np.arange(m), rng.random((m, m), np.float32))


def main() -> None:
    """Print a line a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--only", choices=["factors", "ease"])
    chosen = parser.parse_args()
    told = interactions(Sizes(chosen.users, chosen.items, chosen.each))
    gone = np.arange(chosen.items) % 20 == 0
    print(
        f"{datetime.now():%Y-%m-%d %H:%M} {chosen.users} users x {chosen.items} items, {told.counts.nnz} interactions"
    )
    for kind in [chosen.only] if chosen.only else ["factors", "ease"]:
        fitted = model(kind, told)
        before, start, cpu = (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            time.perf_counter(),
            time.process_time(),
        )
        lists = top(fitted, np.arange(chosen.users), chosen.n, [told.counts], gone)
        seconds, cores = time.perf_counter() - start, time.process_time() - cpu
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"{kind:8} {seconds:6.1f} s ({cores:.1f} s of processor), {more:5.0f} MB more, full lists: "
            f"{(lists.items >= 0).all(axis=1).mean():.1%}"
        )


if __name__ == "__main__":
    main()
