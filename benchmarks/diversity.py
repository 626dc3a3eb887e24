"""What putting lists in another order costs: processor seconds for many users, beside scoring them.

    python benchmarks/diversity.py
    python benchmarks/diversity.py --users 10000 --pool 50 --kinds 113

Items have random unit vectors of 384 dimensions and one random category each; users want a mix of all of them, which is
the most that calibration can have to do.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation.diversity import calibrated, mmr
from interest_platform.recommendation.top import best_of

DIMENSIONS = 384


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--pool", type=int, default=50)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--kinds", type=int, default=113, help="categories (the demo has 113)")
    given = parser.parse_args()
    g = np.random.default_rng(0)
    vectors = g.normal(size=(given.items, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = g.normal(size=(given.users, given.items)).astype(np.float32)
    one = (np.arange(given.items), g.integers(0, given.kinds, given.items))
    kinds = csr_array((np.ones(given.items, np.float32), one), shape=(given.items, given.kinds))
    wanted = g.dirichlet(np.ones(given.kinds), given.users).astype(np.float32)
    items, best = best_of(scores, given.pool)
    print(
        f"{given.users} users, pool {given.pool}, lists of {given.top}\n\n| step | processor seconds |\n| --- | --- |"
    )
    for name, step in {
        f"the pool, of {given.items} scores": lambda: best_of(scores, given.pool),
        f"mmr, {DIMENSIONS} dimensions": lambda: mmr(best, items, vectors, given.top),
        f"calibrated, {given.kinds} categories": lambda: calibrated(best, items, kinds, wanted, given.top),
    }.items():
        print(f"| {name} | {seconds(step):.2f} |")


def seconds(step: Callable[[], object]) -> float:
    """Processor time of the fastest of three calls."""
    found = []
    for _ in range(3):
        before = time.process_time()
        step()
        found.append(time.process_time() - before)
    return min(found)


if __name__ == "__main__":
    main()
