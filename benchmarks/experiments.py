"""Do the intervals of experiments cover? Nominal 95 % beside what simulated experiments with a known truth give.

    python benchmarks/experiments.py
    python benchmarks/experiments.py --interactions window.parquet --experiments 5000

The world is a replayed window (user_key, item_id, ts; without a file: users and items of a Zipf law, seed 0), see
`recommendation/experiment/simulate.py`. `covered` counts experiments whose interval holds the truth; a confidence
sequence covers only if it does so after every single user from its first look to the last. Half-widths are means, of
sequences at the last user. The +- is twice the Monte Carlo error at the nominal level.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from interest_platform.recommendation.experiment import simulate
from interest_platform.recommendation.experiment.assignment import Assignment
from interest_platform.recommendation.experiment.cuped import cuped, stratified
from interest_platform.recommendation.experiment.estimate import difference, from_arms
from interest_platform.recommendation.experiment.interleaving import preference, team_draft
from interest_platform.recommendation.experiment.off_policy import (
    Logged,
    doubly_robust,
    effective_size,
    inverse_propensity,
    self_normalised,
)
from interest_platform.recommendation.experiment.sample_ratio import chi_square_p, sequential_p
from interest_platform.recommendation.experiment.sample_size import (
    Design,
    power_of_mean,
    users_for_mean,
    users_for_proportion,
)
from interest_platform.recommendation.experiment.sequential import (
    FIRST_LOOK,
    bounded,
    bounded_difference,
    critical_value,
    running_difference,
)
from interest_platform.recommendation.interactions import Interactions

HORIZON = 3000
"""Users of an experiment that is looked at after each of them."""
PLANNED = 2000

Row = tuple[str, float, float]
"""What it is, how often it covered, its half-width."""


def main() -> None:
    """Read the arguments and print every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=Path, help="Parquet with user_key, item_id, ts (naive UTC)")
    parser.add_argument("--experiments", type=int, default=2000, help="simulated experiments a row (default: 2000)")
    given = parser.parse_args()
    began, world = time.perf_counter(), simulate.replayed(window(given.interactions))
    error = 2 * (0.95 * 0.05 / given.experiments) ** 0.5
    print(f"{world.clicks.shape[0]} users x {world.clicks.shape[1]} items, {given.experiments} experiments a row")
    print(f"\n| interval, nominal 95.0 % +- {error:.1%} | covered | half-width |\n|---|---|---|")
    for table in (ab, sequences, off_policy, interleaved):
        for name, hits, width in table(world, given.experiments, np.random.default_rng(0)):
            print(f"| {name} | {hits:.1%} | {width:.4f} |", flush=True)
    print(f"\n| looked at after every user, nominal 5 % +- {error:.1%} | false alarms |\n|---|---|")
    for name, alarms in false_alarms(world, given.experiments, np.random.default_rng(1)):
        print(f"| {name} | {alarms:.1%} |", flush=True)
    print("\n| planned power 80.0 % | users an arm | achieved |\n|---|---|---|")
    for name, users, achieved in power(given.experiments, np.random.default_rng(2)):
        print(f"| {name} | {users} | {achieved:.1%} |", flush=True)
    moved()
    print(f"\n{time.perf_counter() - began:.0f} s")


def window(path: Path | None) -> Interactions:
    """The file's interactions, or 400 users', of unequal activity, over 120 items of a Zipf law."""
    if path is not None:
        frame = pl.read_parquet(path)
        return Interactions.of(frame, frame["ts"].max() + timedelta(microseconds=1))
    rng, end = np.random.default_rng(0), datetime(2026, 1, 1)
    users, items = (400 * rng.random(8000) ** 2).astype(int), np.minimum(rng.zipf(1.4, 8000), 120)
    shifted = (items + users % 3 * 7) % 120
    frame = pl.DataFrame({"user_key": users.astype(str), "item_id": shifted.astype(str)})
    return Interactions.of(frame.with_columns(ts=pl.lit(end - timedelta(days=1))), end)


def policies(world: simulate.World) -> tuple[np.ndarray, np.ndarray]:
    """The one that runs, which explores, and the one in question, which is greedier."""
    return simulate.softmax_policy(world.clicks, 0.1, 0.3), simulate.softmax_policy(world.clicks, 0.03)


def covered(name: str, runs: list[tuple[float, float]], truth: float) -> Row:
    """A row of the table."""
    low, high = np.array(runs).T
    return name, float(((low <= truth) & (truth <= high)).mean()), float((high - low).mean() / 2)


def ab(world: simulate.World, n: int, rng: np.random.Generator) -> list[Row]:
    """Difference of means, CUPED, post-stratification: 1,000 users, 10 items each."""
    running, target = policies(world)
    truth = 10 * float((world.value(target) - world.value(running)).mean())
    segments = np.digitize(world.value(running), np.quantile(world.value(running), [1 / 3, 2 / 3]))
    runs: dict[str, list] = {}
    for _ in range(n):
        users = simulate.ab_test(world, running, target, 1000, rng)
        strata = segments[users.rows]
        for name, found in (
            ("difference of means", difference(users.values, users.treated)),
            ("CUPED", cuped(users.values, users.covariate, users.treated)),
            ("post-stratified", stratified(users.values, users.treated, strata)),
            ("post-stratified CUPED", stratified(users.values, users.treated, strata, users.covariate)),
        ):
            runs.setdefault(name, []).append(found.interval())
    return [covered(name, each, truth) for name, each in runs.items()]


def sequences(world: simulate.World, n: int, rng: np.random.Generator) -> list[Row]:
    """Confidence sequences, looked at after every user."""
    running, target = policies(world)
    gain = 10 * float((world.value(target) - world.value(running)).mean())
    hits = np.zeros((5, n), bool)
    widths = np.zeros((5, n))
    clicks = np.array([0.05, 0.08])
    for i in range(n):
        users = simulate.ab_test(world, running, target, HORIZON, rng)
        rare = (rng.random(HORIZON) < clicks[users.treated.astype(int)]).astype(float)
        skewed = rng.exponential(1.0, HORIZON) ** 2
        for row, (low, high), truth in (
            (0, running_difference(users.values, users.treated, PLANNED), gain),
            (1, running_difference(rare, users.treated, PLANNED), 0.03),
            (2, running_difference(skewed, users.treated, PLANNED), 0.0),
            (3, bounded(rare[~users.treated], 0, 1), 0.05),
            (4, bounded_difference(rare, users.treated, 0.5, 0, 1), 0.03),
        ):
            hits[row, i] = ((low <= truth) & (truth <= high)).all()
            widths[row, i] = (high[-1] - low[-1]) / 2
    names = (
        "asymptotic sequence, clicks of 10 items",
        "asymptotic sequence, clicks of 5 and 8 %",
        "asymptotic sequence, squared exponential (skewness 6.6)",
        "bounded sequence, clicks of 5 %",
        "bounded sequence of a difference, 5 and 8 %",
    )
    return [(name, float(hits[row].mean()), float(widths[row].mean())) for row, name in enumerate(names)]


def off_policy(world: simulate.World, n: int, rng: np.random.Generator) -> list[Row]:
    """Inverse propensity, self-normalised, doubly robust; rows as users, and several rows a user."""
    running, target = policies(world)
    truth, mean, sizes = float(world.value(target).mean()), world.clicks.mean(axis=0), []
    of_target, runs = target @ mean, {}
    for _ in range(n):
        log, rows, items = simulate.logged(world, running, target, 2000, rng)
        log = Logged(log.rewards, log.propensities, log.target)
        sizes.append(effective_size(log.weights()))
        for name, found in (
            ("inverse propensity", inverse_propensity(log)),
            ("self-normalised", self_normalised(log)),
            ("doubly robust, a model of popularity", doubly_robust(log, mean[items], of_target[rows])),
            ("doubly robust, clipped at 10", doubly_robust(log, mean[items], of_target[rows], clip=10)),
        ):
            runs.setdefault(name, []).append(found.interval())
        by_user = repeated(world, running, target, rng)
        runs.setdefault("self-normalised, 10 rows a user, by user", []).append(self_normalised(by_user).interval())
        alone = Logged(by_user.rewards, by_user.propensities, by_user.target)
        runs.setdefault("the same, rows taken for users (wrong)", []).append(self_normalised(alone).interval())
    print(f"| (weights below are worth {np.mean(sizes):.0f} of 2000 rows) | | |")
    return [covered(name, each, truth) for name, each in runs.items()]


def repeated(world: simulate.World, running: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> Logged:
    """200 users drawn from the world, 10 choices each; a user drawn twice is two."""
    rows, users = np.repeat(rng.integers(0, len(world.clicks), 200), 10), np.repeat(np.arange(200), 10)
    items = simulate.chosen(running, rows, rng)
    rewards = (rng.random(2000) < world.clicks[rows, items]).astype(float)
    return Logged(rewards, running[rows, items], target[rows, items], users)


def interleaved(world: simulate.World, n: int, rng: np.random.Generator) -> list[Row]:
    """Team draft of popularity and of a perturbed taste for 200 users; the truth is that of 30,000 users."""
    popular = [str(i) for i in np.argsort(-world.clicks.mean(axis=0))[:10]]
    noise = world.clicks + rng.normal(0, 0.05, world.clicks.shape)
    own = [[str(i) for i in row] for row in np.argsort(-noise, axis=1)[:, :10]]

    def credits(count: int) -> np.ndarray:
        found = np.empty(count)
        for i, row in enumerate(rng.integers(0, len(own), count)):
            shown = team_draft(own[row], popular, 6, rng)
            coins = rng.random(len(shown.items))
            clicks = world.clicks[row, [int(item) for item in shown.items]]
            found[i] = shown.credit({item for item, hit in zip(shown.items, coins < clicks, strict=True) if hit})
        return found

    pool = credits(30_000)
    many = preference(pool)
    truth = many.share
    # the 30,000 are the population: experiments are drawn from it
    runs = [preference(rng.choice(pool, 200)) for _ in range(n)]
    return [covered(f"interleaving, share of wins (truth {truth:.3f})", [(r.low, r.high) for r in runs], truth)]


def false_alarms(world: simulate.World, n: int, rng: np.random.Generator) -> list[tuple[str, float]]:
    """Experiments without effect that are stopped at the first sign of one."""
    names = ("fixed 95 % interval", "asymptotic sequence", "sample ratio, chi-square", "sample ratio, sequential")
    counts = dict.fromkeys(names, 0)
    running, _ = policies(world)
    critical = critical_value(np.arange(1, HORIZON + 1), PLANNED)
    halves, looks = {"a": 0.5, "b": 0.5}, range(2 * FIRST_LOOK, HORIZON + 1, 100)
    for _ in range(n):
        users = simulate.ab_test(world, running, running, HORIZON, rng)
        low, high = running_difference(users.values, users.treated, PLANNED)
        seen = np.isfinite(low)
        low, high = low[seen], high[seen]
        z = np.abs((low + high) / (high - low))
        counts["fixed 95 % interval"] += bool((z * critical[seen] > 1.96).any())
        counts["asymptotic sequence"] += bool((z > 1).any())
        ones = np.cumsum(users.treated)
        told = [{"a": int(ones[k - 1]), "b": int(k - ones[k - 1])} for k in looks]
        counts["sample ratio, chi-square"] += min(chi_square_p(each, halves) for each in told) < 0.05
        counts["sample ratio, sequential"] += min(sequential_p(each, halves) for each in told) < 0.05
    return [(name, count / n) for name, count in counts.items()]


def power(n: int, rng: np.random.Generator) -> Iterator[tuple[str, int, float]]:
    """The planner's users, and how many of so many experiments of that size find the effect."""
    normal = users_for_mean(0.2, 1.0)
    yield "mean, .2 standard deviations", normal.control, found(n, lambda: normals(rng, normal.control, normal.treated))
    more = users_for_mean(0.2, 1.0, Design(ratio=2))
    yield (
        "the same, 2 treated a control",
        more.control,
        found(n, lambda: normals(rng, more.control, more.treated)),
    )
    users = users_for_proportion(0.1, 0.03).control
    arm = lambda p: (rng.random(users) < p).astype(float)  # noqa: E731
    yield "proportion, .10 to .13", users, found(n, lambda: from_arms(arm(0.13), arm(0.1)).p_value() < 0.05)
    saved = users_for_mean(0.2, 1.0, Design(correlation=0.7)).control
    yield "mean, CUPED with correlation .7", saved, found(n, lambda: with_covariate(rng, saved))
    peeked = users_for_mean(0.2, 1.0, Design(peeked=True)).control
    yield "mean, by the sequence at the end", peeked, found(n, lambda: at_the_end(rng, peeked))
    yield "mean, by the sequence at any look", peeked, found(n, lambda: at_any_look(rng, peeked))
    print(f"|  (of the t-test with {peeked} users) | {peeked} | {power_of_mean(0.2, 1.0, peeked):.1%} |")


def found(n: int, experiment: Callable[[], bool]) -> float:
    """The share of n experiments that find the effect."""
    return sum(experiment() for _ in range(n)) / n


def normals(rng: np.random.Generator, control: int, treated: int) -> bool:
    """A t-test of normal values, .2 apart."""
    return from_arms(rng.normal(0.2, 1, treated), rng.normal(0, 1, control)).p_value() < 0.05


def with_covariate(rng: np.random.Generator, n: int) -> bool:
    """The same with a covariate of correlation .7."""
    known, treated = rng.normal(0, 1, 2 * n), np.arange(2 * n) < n
    values = 0.7 * known + rng.normal(0, (1 - 0.49) ** 0.5, 2 * n) + 0.2 * treated
    return cuped(values, known, treated).p_value() < 0.05


def at_the_end(rng: np.random.Generator, n: int) -> bool:
    """The sequence excludes 0 after the last user."""
    return bool(_lower(rng, n)[-1] > 0)


def at_any_look(rng: np.random.Generator, n: int) -> bool:
    """The sequence excludes 0 after some user."""
    return bool((_lower(rng, n) > 0).any())


def _lower(rng: np.random.Generator, n: int) -> np.ndarray:
    treated = rng.permutation(np.arange(2 * n) < n)
    return running_difference(rng.normal(0, 1, 2 * n) + 0.2 * treated, treated, 2 * n)[0]


def moved() -> None:
    """Users of 100,000 who change their variant when shares change, beside the least that must."""
    users = pl.Series([f"user {i}" for i in range(100_000)])
    first, second = {"a": 0.1, "b": 0.1}, {"a": 0.2, "b": 0.3}
    began = time.perf_counter()
    before = Assignment("x", (first,)).assign(users)
    seconds = time.perf_counter() - began
    after = Assignment("x", (first, second)).assign(users)
    print(f"\nshares .1, .1 to .2, .3: {(before != after).mean():.2%} of users moved, 30.00 % must; ", end="")
    print(f"100,000 users assigned in {seconds:.2f} s")


if __name__ == "__main__":
    main()
