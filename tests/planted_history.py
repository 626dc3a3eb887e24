"""A made-up history for tests of pictures: segments that are born, split, merge and die, with users who wander."""

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import polars as pl

from interest_platform.domain.contract import Table
from interest_platform.domain.dynamics_tables import (
    DRIFT_METRICS,
    PLANTED_EVENTS,
    SEGMENT_EVENTS,
    SEGMENT_IDENTITIES,
    SEGMENT_MIGRATIONS,
)
from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS, less_metric
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.report import Frames

START = dt.datetime(2024, 1, 1)
NAMES = [
    "espresso, grinder, crema",
    "gravel bikes, tubeless",
    "telescope mirrors and eyepieces",
    "night sky photography",
    "linux kernel, scheduler",
    "sourdough, hydration",
    "vinyl records",
    "indoor plants, humidity",
    "city bikes",
    "mountain trails",
    "home servers, docker",
    "astronomy",
    "café & <script>alert('x')</script>",
    "自行车 and a name that goes on and on and on far beyond the room there is",
]
# window: (kind, parents, children)
SCRIPT = {
    2: [("split", ["s0002"], ["s0009", "s0010"])],
    3: [("birth", [], ["s0011"])],
    5: [("merge", ["s0003", "s0004"], ["s0012"])],
    6: [("death", ["s0005"], [])],
    7: [("split", ["s0001"], ["s0013", "s0014"])],
}
SNAPSHOT = {"top_terms": [], "medoid_user_key": "x", "example_texts": [], "cohesion": 0.8, "method": "kmeans"}
SNAPSHOT |= {"k_method": "fixed", "silhouette": 0.3, "mlflow_run_id": "x", "lake_version": 1}
INTEREST = {"weight": 1.0, "n_texts": 3, "windows_present": 1, "encoder": "x"}
ROOTS = [f"s{i:04d}" for i in range(1, 9)]


def planted_frames(windows: int = 10, users: int = 700, dimensions: int = 24, seed: int = 3) -> Frames:
    """Frames of so many weeks; the first eight segments are there from the start, fourteen there ever are."""
    rng = np.random.default_rng(seed)
    centres = _centres(rng, dimensions)
    homes: dict[str, str] = {f"user-{u:04d}": ROOTS[int(len(ROOTS) * (u / users) ** 1.4)] for u in range(users)}
    alive, rows = list(ROOTS), defaultdict(list)
    since = dict.fromkeys(ROOTS, START)
    before: dict[str, str] = {}
    for window in range(windows):
        start = START + dt.timedelta(weeks=window)
        happened = SCRIPT.get(window, []) if window else []
        homes = _lived(homes, happened, alive, rng, window)
        for _, parents, children in happened:
            alive = [s for s in alive if s not in parents] + children
            since |= dict.fromkeys(children, start)
        here = {u: s for u, s in homes.items() if rng.random() < 0.92}
        _tell_window(rows, start, here, before, happened, alive, since, centres, rng)
        before = here
    return Frames(
        identities=_frame(SEGMENT_IDENTITIES, rows["identities"]),
        snapshots=_frame(CLUSTER_SNAPSHOTS, rows["snapshots"]),
        events=_frame(SEGMENT_EVENTS, rows["events"]),
        migrations=_frame(SEGMENT_MIGRATIONS, rows["migrations"]),
        drift=_frame(DRIFT_METRICS, rows["drift"]),
        planted=_frame(PLANTED_EVENTS, _planted(START + dt.timedelta(weeks=windows - 1))),
        quality=_frame(RECOMMENDATION_METRICS, _quality(START + dt.timedelta(weeks=windows - 1))),
        members=_frame(CLUSTER_MEMBERS, rows["members"]).filter(pl.col("window_start") == start),
        interests=_frame(USER_INTERESTS, rows["interests"]).filter(pl.col("window_start") == start),
        version=412,
    )


def _centres(rng, dimensions):
    centres = {f"s{i:04d}": rng.normal(size=dimensions) for i in range(1, 15)}
    for child, parent in {
        "s0009": "s0002",
        "s0010": "s0002",
        "s0012": "s0003",
        "s0013": "s0001",
        "s0014": "s0001",
    }.items():
        centres[child] = centres[parent] + 0.5 * rng.normal(size=dimensions)
    return centres


def _lived(homes, happened, alive, rng, window):
    """The users' segments after the events, with some who wander, some who leave for good, and some who come."""
    homes = {u: s for u, s in homes.items() if rng.random() < 0.95 or window == 0}
    for kind, parents, children in happened:
        moved = [u for u, s in homes.items() if s in parents]
        for n, user in enumerate(moved):
            if kind == "death":
                del homes[user]
            else:
                homes[user] = children[n % 3 % len(children)]
        if kind == "birth":
            homes |= {f"new-{window}-{n:03d}": children[0] for n in range(45)}
    gone = {p for _, parents, _ in happened for p in parents}
    places = sorted(set(homes.values()) | (set(alive) - gone))
    if window:
        homes |= {f"guest-{window}-{n:03d}": places[int(rng.integers(len(places)))] for n in range(40)}
    return {u: (places[int(rng.integers(len(places)))] if rng.random() < 0.04 else s) for u, s in homes.items()}


def _tell_window(rows, start, here, before, happened, alive, since, centres, rng):
    sizes = Counter(here.values())
    order = sorted((s for s in alive if sizes[s]), key=lambda s: (-sizes[s], s))
    number = {s: i for i, s in enumerate(order)}
    for s in order:
        centres[s] = centres[s] + 0.12 * rng.normal(size=len(centres[s]))
        name = NAMES[int(s[1:]) - 1]
        row = {"window_start": start, "cluster_id": number[s], "segment_id": s, "name": name, "name_hash": "x"}
        rows["identities"].append(row | {"name_terms": [], "since": since[s], "confidence": 0.98, "evidence": "both"})
        row = {"window_start": start, "cluster_id": number[s], "size": sizes[s], "share": sizes[s] / len(here)}
        rows["snapshots"].append(SNAPSHOT | row | {"centroid": _unit(centres[s]), "k": len(order)})
    for user, s in here.items():
        vector = _unit(centres[s] + 0.55 * rng.normal(size=len(centres[s])))
        row = {"window_start": start, "user_key": user, "interest_no": 0}
        rows["members"].append(row | {"cluster_id": number[s], "membership": 1.0, "distance": 0.1})
        rows["interests"].append(INTEREST | row | {"vector": vector})
    flows = Counter((before.get(u), here.get(u)) for u in before.keys() | here.keys())
    rows["migrations"] += [
        {"window_start": start, "from_segment": a, "to_segment": b, "users": float(n)} for (a, b), n in flows.items()
    ]
    _tell_events(rows, start, before, happened, order, here)
    if before:
        _tell_drift(rows, start, order, happened, rng, len(before), len(here))


def _tell_events(rows, start, before, happened, order, here):
    events = [("birth", [], [s]) for s in order] if not before else list(happened)
    told = {s for _, _, children in events for s in children}
    events += [("survive", [s], [s]) for s in order if s not in told]
    for n, (kind, parents, children) in enumerate(events):
        moved = sum(before.get(u) in parents and s in children for u, s in here.items())
        row = {"window_start": start, "event_no": n, "kind": kind, "parents": parents, "children": children}
        rows["events"].append(row | {"users_moved": moved, "score": 0.97, "evidence": "both"})


def _tell_drift(rows, start, order, happened, rng, n_before, n_after):
    children = {s for _, _, c in happened for s in c}
    base = {"window_start": start, "n_before": n_before, "n_after": n_after, "reference": "2024-01-01"}
    for metric in ("energy_distance", "share_shift", "volume"):
        effect = abs(rng.normal()) * (0.5 if happened else 0.1)
        measured = {"value": effect * 0.2, "p_value": 0.2, "q_value": 0.01 if happened else 0.4, "effect": effect}
        rows["drift"].append(
            base | {"scope": "window", "segment_id": None, "metric": metric, "cause": "mix"} | measured
        )
    for s in order:
        for metric in ("centroid_shift", "share_change"):
            effect = rng.normal() * (0.6 if s in children else 0.12)
            effect = abs(effect) if metric == "centroid_shift" else effect
            q = 0.003 if abs(effect) > 0.4 else 0.6
            measured = {"value": effect * 0.3, "p_value": q / 2, "q_value": q, "effect": effect, "cause": "within"}
            rows["drift"].append(base | {"scope": "segment", "segment_id": s, "metric": metric} | measured)


def _planted(start):
    rows = []
    for kind in ("split", "merge", "birth", "death", "move", "all"):
        for n, size in enumerate((0.02, 0.05, 0.1, 0.2)):
            noticed = [3, 14, 19, 20][n]
            row = {"window_start": start, "kind": kind, "size": size, "planted": 20, "noticed": noticed}
            row |= {"false_events": 1, "precision": noticed / (noticed + 1), "recall": noticed / 20, "alarms": noticed}
            rows.append(row | {"smallest_noticed": 0.1})
    return rows


def _quality(start):
    """One strategy that wins, one that loses, the rivals, and the winner's ablation."""
    shuffled, none = "smoothed (segments shuffled)", "smoothed (no segments)"
    means = {"smoothed": 0.3, shuffled: 0.21, none: 0.2, "recently-popular": 0.2, "ease": 0.1, "als": 0.02}
    rest = {"window_start": start, "k": 10, "segment_id": None, "n_users": 120, "protocol": "planted"}
    rows = []
    for name, mean in means.items():
        rows.append(rest | {"strategy": name, "metric": "ndcg", "value": mean, "ci_low": mean - 0.02})
        for rival in ("recently-popular", "ease", *((shuffled, none) if name == "smoothed" else ())):
            if rival != name:
                less = mean - means[rival]
                metric = {"metric": less_metric(name, rival), "value": less, "ci_low": less - 0.02}
                rows.append(rest | {"strategy": name} | metric)
    rows = [row | {"ci_high": row["value"] + 0.02} for row in rows]
    return [*rows, rest | {"strategy": "smoothed", "metric": "gate", "value": 1.0, "ci_low": None, "ci_high": None}]


def _unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32).tolist()


def _frame(table: Table, rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.schema).sort("window_start", *table.key)


def many_frames(windows: int = 24, segments: int = 60, dimensions: int = 8, seed: int = 5) -> Frames:
    """As much as a page takes: many windows, more segments than are drawn, long names, everyone flowing everywhere."""
    rng = np.random.default_rng(seed)
    rows = defaultdict(list)
    ids = [f"s{i + 1:04d}" for i in range(segments)]
    centres = rng.normal(size=(segments, dimensions))
    for window in range(windows):
        start = START + dt.timedelta(days=window)
        for i, s in enumerate(ids):
            row = {"window_start": start, "cluster_id": i}
            named = {"segment_id": s, "name": f"a rather long name of segment {s}, wide WWW 中文", "name_hash": "x"}
            rows["identities"].append(
                row | named | {"name_terms": [], "since": START, "confidence": 1.0, "evidence": "both"}
            )
            centroid = _unit(centres[i] + 0.1 * window)
            size = int(2000 / (i + 1)) + 1
            rows["snapshots"].append(SNAPSHOT | row | {"size": size, "share": 0.1, "centroid": centroid, "k": segments})
            for t in ids if window else []:
                flow = {"window_start": start, "from_segment": s, "to_segment": t, "users": float(rng.integers(1, 30))}
                rows["migrations"].append(flow)
        if window:
            _tell_drift(rows, start, ids, [], rng, 1000, 1000)
    users = rng.normal(size=(3000, dimensions))
    for u, vector in enumerate(users):
        row = {"window_start": start, "user_key": f"user-{u:04d}", "interest_no": 0}
        rows["members"].append(row | {"cluster_id": u % segments, "membership": 1.0, "distance": 0.1})
        rows["interests"].append(INTEREST | row | {"vector": _unit(vector)})
    return Frames(
        identities=_frame(SEGMENT_IDENTITIES, rows["identities"]),
        snapshots=_frame(CLUSTER_SNAPSHOTS, rows["snapshots"]),
        migrations=_frame(SEGMENT_MIGRATIONS, rows["migrations"]),
        drift=_frame(DRIFT_METRICS, rows["drift"]),
        members=_frame(CLUSTER_MEMBERS, rows["members"]),
        interests=_frame(USER_INTERESTS, rows["interests"]),
    )
