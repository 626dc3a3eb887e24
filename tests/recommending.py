"""Contexts that the suites of recommendations share."""

import datetime as dt

import numpy as np
import polars as pl

from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions

END = dt.datetime(2024, 2, 1)
SCHEMA = {"user_key": pl.String, "item_id": pl.String, "ts": pl.Datetime("us")}


def dealt(*rows):
    """A frame of (user, item) or (user, item, days before the end)."""
    told = [(user, item, END - dt.timedelta(days=age[0] if age else 1)) for user, item, *age in rows]
    return pl.DataFrame(told, schema=SCHEMA, orient="row")


def context(frame, users=(), items=(), **more):
    """What is known at END of these interactions, a week being recent."""
    names = [pl.Series(list(names), dtype=pl.String) for names in (users, items)]
    return Context(END, Interactions.of(frame, END, *names), **{"recent_days": 7.0} | more)


def unit(vectors):
    """Rows of length 1, rows of 0 kept."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def planted(seed=0, users=40, items=24, groups=3):
    """Users of `groups` who mostly choose their group's items: frame, and vectors and shares by name, cold ones too.

    `u-cold` and `i-cold` have no interactions, `u-none` has no vector and no segment either.
    """
    g = np.random.default_rng(seed)
    axes = np.linalg.qr(g.normal(size=(8, 8)))[0][:groups]
    user_names = [f"u{n:02d}" for n in range(users)] + ["u-cold", "u-none"]
    item_names = [f"i{n:02d}" for n in range(items)] + ["i-cold"]
    rows = []
    for u in range(users):
        own = g.random(items) < np.where(np.arange(items) % groups == u % groups, 0.5, 0.1)
        rows += [(user_names[u], item_names[i], float(g.uniform(0.1, 30))) for i in np.flatnonzero(own)]
    of_user = np.append(np.arange(users) % groups, [0, 0])
    of_item = np.append(np.arange(items) % groups, [0])
    user_vectors = unit(axes[of_user] + 0.3 * g.normal(size=(users + 2, 8)))
    item_vectors = unit(axes[of_item] + 0.3 * g.normal(size=(items + 1, 8)))
    shares = np.full((users + 2, groups), 0.1, np.float32)
    shares[np.arange(users + 2), of_user] = 1 - 0.1 * (groups - 1)
    user_vectors[-1] = shares[-1] = 0
    return (
        dealt(*rows),
        dict(zip(user_names, zip(user_vectors, shares, strict=True), strict=True)),
        dict(zip(item_names, item_vectors, strict=True)),
    )


def known(frame, users, items, segments=("s0001", "s0002", "s0003")):
    """The context of what `planted` gives, vectors and shares in the order of names."""
    told = context(frame, users, items)
    at, of = (
        [names[name] for name in order]
        for names, order in ((users, told.interactions.users), (items, told.interactions.items))
    )
    return context(
        frame,
        users,
        items,
        segment_ids=segments,
        segments=np.array([shares for _, shares in at]),
        user_vectors=np.array([vector for vector, _ in at]),
        item_vectors=np.array(of),
    )
