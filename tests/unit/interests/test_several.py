"""Several interests a user: planted users get theirs back, and everything adds up."""

import time
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import broken_cluster_laws, cluster, snapshot
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.tables import USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.interests import as_lists, as_matrix, user_interests
from interest_platform.interests.same_interest import same_interest
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.interests.ward import MOST_TEXTS, ward_parts

WINDOW = Window(datetime(2024, 1, 8), datetime(2024, 1, 15))
D, TOPICS = 32, 6


def planted(seed=0, single=120, double=80, each=6, noise=0.12, topics=TOPICS):
    """texts, vectors, topics of each user: users of one topic, then of two, the first with twice the texts."""
    g = np.random.default_rng(seed)
    rows, vectors, of_user = [], [], {}
    for user in range(single + double):
        own = g.choice(topics, 1 if user < single else 2, replace=False).tolist()
        of_user[f"u{user:04d}"] = own
        for topic, count in zip(own, (each, each // 2), strict=False):
            for _ in range(count):
                vector = np.eye(D)[topic] + noise * g.normal(size=D)
                vectors.append(vector / np.linalg.norm(vector))
                rows.append((f"u{user:04d}", f"h{len(rows):06d}", topic, 6.9 * g.random()))
    frame = pl.DataFrame(
        {
            "user_key": [r[0] for r in rows],
            "text_hash": [r[1] for r in rows],
            "topic": [r[2] for r in rows],
            "ts": [WINDOW.end - timedelta(days=0.01 + r[3]) for r in rows],
        },
        schema_overrides={"ts": pl.Datetime("us")},
    ).with_columns(window_start=pl.lit(WINDOW.start, pl.Datetime("us")))
    known = frame.select("text_hash").with_columns(as_lists(np.array(vectors)).alias("vector"))
    return frame, known, of_user


def interests(frame, known, per_user="auto", most=3, half_life_days=14.0):
    return user_interests(
        frame,
        known,
        WINDOW,
        half_life_days=half_life_days,
        min_texts=1,
        windows_present=1,
        encoder="e",
        per_user=per_user,
        most=most,
    )


def with_topics(found, frame):
    """The set of topics of each interest's texts, by (user, interest)."""
    told = with_interest_no(frame, texts_elsewhere(found))
    rows = told.group_by("user_key", "interest_no").agg(pl.col("topic").unique().sort()).rows()
    return {(user, number): topics for user, number, topics in rows}


def test_users_of_two_things_have_two_interests_and_users_of_one_have_one():
    frame, known, of_user = planted()
    found = interests(frame, known)
    USER_INTERESTS.check(USER_INTERESTS.conform(found, WINDOW.start), WINDOW.start)
    counted = dict(found.group_by("user_key").len().iter_rows())
    assert counted == {user: len(own) for user, own in of_user.items()}
    assert all(len(topics) == 1 for topics in with_topics(found, frame).values())


def test_where_everybody_reads_about_two_things_they_are_told_apart_too():
    frame, known, of_user = planted(single=0, double=150)
    counted = dict(interests(frame, known).group_by("user_key").len().iter_rows())
    assert counted == dict.fromkeys(of_user, 2)


def test_where_all_texts_are_about_one_thing_nobody_is_parted():
    for noise in (0.05, 0.12, 0.3, 1.0):
        frame, known, _ = planted(topics=2, double=0, noise=noise)
        frame, known = frame.filter(pl.col("topic") == 0), known
        assert interests(frame, known)["interest_no"].max() == 0


def test_few_texts_tell_nothing():
    frame, known, _ = planted(single=0, double=4)
    assert interests(frame, known)["interest_no"].max() == 0


def test_the_strongest_interest_comes_first_and_weights_sum_to_one():
    frame, known, of_user = planted()
    found = interests(frame, known, half_life_days=1e6)
    two = found.filter(pl.len().over("user_key") == 2)
    assert two["interest_no"].to_list() == [0, 1] * 80
    # without decay: 6 texts of 9
    assert two.filter(pl.col("interest_no") == 0)["weight"].to_list() == pytest.approx([6 / 9] * 80, abs=1e-5)
    assert [with_topics(found, frame)[user, 0][0] for user in of_user] == [own[0] for own in of_user.values()]
    assert two["n_texts"].to_list() == [6, 3] * 80


def test_importance_decays_with_the_age_of_the_texts():
    frame, known, _ = planted()
    # the second topic's texts are of today, the first's a week old: 3 texts outweigh 6 that count 1/128
    late = pl.col("topic") == pl.col("topic").last().over("user_key")
    ts = pl.when(late).then(WINDOW.end - timedelta(hours=1)).otherwise(WINDOW.end - timedelta(days=7))
    found = interests(frame.with_columns(ts=ts.cast(pl.Datetime("us"))), known, half_life_days=1.0)
    two = found.filter(pl.len().over("user_key") == 2)
    assert two["n_texts"].to_list() == [3, 6] * 80
    assert (two.filter(pl.col("interest_no") == 0)["weight"] > 0.95).all()


def test_an_interest_is_the_one_vector_of_its_own_texts_and_its_medoid_the_nearest_of_them():
    frame, known, _ = planted(seed=3)
    found = interests(frame, known)
    told = with_interest_no(frame, texts_elsewhere(found))
    by_hash = dict(zip(known["text_hash"], as_matrix(known["vector"]).astype(float), strict=True))
    for row in found.filter(pl.col("user_key") >= "u0115").iter_rows(named=True):
        own = told.filter((pl.col("user_key") == row["user_key"]) & (pl.col("interest_no") == row["interest_no"]))
        alone = interests(own.drop("interest_no"), known, per_user=1)
        assert alone["vector"][0].to_list() == pytest.approx(row["vector"], abs=1e-6)
        cosines = {h: by_hash[h] @ np.array(row["vector"]) for h in own["text_hash"]}
        assert row["medoid_text_hash"] == max(cosines, key=cosines.get) == alone["medoid_text_hash"][0]
        if row["text_hashes"] is not None:
            assert sorted(row["text_hashes"]) == sorted(own["text_hash"])


def test_rows_in_any_order_and_other_user_keys_give_the_same_interests():
    frame, known, _ = planted(seed=1)
    found = interests(frame, known)
    shuffled = interests(frame.sample(fraction=1, shuffle=True, seed=1), known.sample(fraction=1, shuffle=True, seed=2))
    assert shuffled.equals(found)
    renamed = frame.with_columns(user_key=pl.col("user_key").str.reverse())
    again = interests(renamed, known).with_columns(user_key=pl.col("user_key").str.reverse())
    assert again.sort("user_key", "interest_no").equals(found)


def test_a_number_of_interests_is_reached_where_there_are_as_many_different_texts():
    frame, known, _ = planted(single=5, double=5, each=2)
    counted = interests(frame, known, per_user=3).group_by("user_key").len().sort("user_key")["len"].to_list()
    assert counted == [2] * 5 + [3] * 5


def test_one_interest_a_user_is_what_it_was_before():
    frame, known, _ = planted(seed=2)
    found = interests(frame, known, per_user=1)
    assert found["weight"].to_list() == [1.0] * found.height and found["text_hashes"].null_count() == found.height


def test_equal_texts_are_never_parted():
    same = np.tile(np.eye(4)[:1], (5, 1))
    assert ward_parts(same, np.ones(5), 3, None).tolist() == [0] * 5


def test_a_merge_that_stands_keeps_all_below_it():
    # two tight pairs far apart: with `same` above their cosine the top merge goes, and nothing below it
    vectors = np.array([[1, 0], [0.999, 0.0447], [0, 1], [0.0447, 0.999]])
    assert ward_parts(vectors, np.ones(4), 4, 0.5).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    assert ward_parts(vectors, np.ones(4), 4, -0.5).tolist() == [0] * 4
    assert len(set(ward_parts(vectors, np.ones(4), 4, None).tolist())) == 4


def test_of_very_many_texts_the_lightest_join_the_nearest_part():
    g = np.random.default_rng(0)
    n = MOST_TEXTS + 500
    topic = g.integers(0, 2, n)
    vectors = np.eye(8)[topic] + 0.05 * g.normal(size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = ward_parts(vectors.astype(np.float32), g.random(n), 3, 0.5)
    assert len(set(zip(labels.tolist(), topic.tolist(), strict=True))) == 2


@pytest.mark.parametrize(("single", "double"), [(0, 200), (100, 100), (190, 10)])
def test_the_line_lies_between_pairs_about_one_thing_and_pairs_about_two_whatever_their_shares(single, double):
    frame, known, _ = planted(single=single, double=double)
    found = same_interest(as_matrix(known["vector"]), frame.with_row_index("row").select("user_key", "row"))
    # cosines are .68 +- .1 within a topic, 0 +- .2 across
    assert 0.3 < found.cosine < 0.55


def test_a_user_who_reads_about_two_things_lands_in_two_segments_and_sizes_add_up():
    frame, known, of_user = planted()
    found = interests(frame, known)
    clustering = cluster(as_matrix(found["vector"]), ClusteringSettings(k=TOPICS))
    documents = frame.join(known, on="text_hash").with_columns(
        clean_text=pl.format("text {} on topic{}", "text_hash", "topic"),
        tokens=pl.concat_list(pl.format("topic{}", "topic")),
    )
    shot = snapshot(found, clustering, documents)
    assert broken_cluster_laws(found, shot.clusters, shot.members) == []
    landed = dict(shot.members.group_by("user_key").agg(pl.col("cluster_id").n_unique()).iter_rows())
    assert landed == {user: len(own) for user, own in of_user.items()}
    # what a cluster is about are its interests' texts, not all texts of its users
    assert sorted(terms for (terms,) in shot.clusters["top_terms"].to_list()) == [f"topic{i}" for i in range(TOPICS)]


def test_ten_thousand_users_of_ten_texts_take_seconds():
    g = np.random.default_rng(0)
    users, each = 10_000, 10
    topic = g.integers(0, TOPICS, (users, 2))
    vectors = np.eye(64)[topic.repeat(each // 2, axis=1).ravel()] + 0.1 * g.normal(size=(users * each, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    frame = (
        pl.DataFrame({"user_key": np.arange(users).repeat(each)})
        .with_row_index("n")
        .select(
            pl.col("user_key").cast(pl.String).str.zfill(6),
            pl.col("n").cast(pl.String).str.zfill(7).alias("text_hash"),
            pl.lit(WINDOW.start, pl.Datetime("us")).alias("window_start"),
            pl.lit(WINDOW.end - timedelta(hours=1), pl.Datetime("us")).alias("ts"),
        )
    )
    known = frame.select("text_hash").with_columns(as_lists(vectors).alias("vector"))
    started = time.perf_counter()
    found = interests(frame, known)
    # 3 s on one core; the bound is for a busy machine
    assert time.perf_counter() - started < 60
    assert found.group_by("user_key").len()["len"].value_counts().sort("len")["len"].to_list() == [1, 2]
