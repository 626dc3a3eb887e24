"""`interest compare` as a user runs it: a leaderboard, refusals in one line, and no text encoded twice."""

import json

import polars as pl
import pytest
from support import interest, make_workplace, posts

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet"}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-15}
clustering: {k_range: [2, 4], n_init: 2}
drift: {permutations: 19}
planted: {repeats: 0}
encoder: {kind: tfidf, dimension: 16}
"""
COMPARISON = """
comparison:
  encoders: [{kind: static, dimension: 64}, {kind: tfidf, dimension: 16}]
  methods: [kmeans, hdbscan]
  k_rules: [silhouette]
  min_cluster_size: 4
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twenty-four users who write about one of three subjects, the category; nothing is loaded."""
    frame = posts(weeks=2, users=24).with_columns(category=pl.col("item_id").str.split("-").list.first())
    return make_workplace(tmp_path_factory.mktemp("compare"), CONFIG + COMPARISON, frame)


@pytest.fixture(scope="module")
def compared(folder):
    return interest(folder, "compare", "--format", "json")


def test_the_best_cell_is_first_and_the_rule_is_told(compared):
    assert compared.returncode == 0, compared.stderr
    board = json.loads(compared.stdout)
    assert len(board) == 4 and {row["windows"] for row in board} == {2}
    assert [row["ami"] for row in board] == sorted((row["ami"] for row in board), reverse=True)
    assert board[0]["encoder_name"] == "static bundled dimension=64" and board[0]["rank"] == 1
    assert "ranked by mean AMI to the labels; means over 2 windows from 2024-01-01" in compared.stderr
    assert "hdbscan finds k itself: it runs once" in compared.stderr
    assert all(row["texts_per_second"] > 0 for row in board)


def test_a_part_of_the_windows_is_a_leaderboard_of_its_own(compared, folder):
    done = interest(folder, "compare", "--from", "2024-01-08")
    assert done.returncode == 0 and "4 rows" in done.stdout
    assert "means over 1 windows from 2024-01-08" in done.stderr
    assert "texts encoded" not in done.stderr and "cells measured" not in done.stderr


def test_the_line_takes_over_the_vectors_of_the_encoder_that_is_chosen(compared, folder):
    (folder / "interest.yaml").write_text(CONFIG.replace("tfidf, dimension: 16", "static, dimension: 64") + COMPARISON)
    done = interest(folder, "run", "--no-publish")
    assert done.returncode == 0, done.stderr
    assert "encoded 0 texts" in done.stderr


@pytest.mark.parametrize(
    ("comparison", "code", "told"),
    [
        ("{methods: [hierarchical], k_rules: [bic]}", 2, "comparison.k_rules: nothing is left for hierarchical"),
        (
            "{encoders: [{kind: api, model: m, api: {base_url: 'http://127.0.0.1:9/v1'}}]}",
            2,
            "OPENAI_API_KEY is not set",
        ),
        ("{encoders: [{model: ./nowhere}]}", 1, "comparison.encoders.0: encoder.model"),
    ],
)
def test_what_can_not_be_compared_is_one_line_at_the_start(tmp_path, comparison, code, told):
    config = CONFIG.replace("end: 2024-01-15", "end: 2024-01-22") + f"comparison: {comparison}\n"
    make_workplace(tmp_path, config, posts(weeks=1, users=6))
    done = interest(tmp_path, "compare", "--to", "2024-01-08", OPENAI_API_KEY="")
    assert done.returncode == code
    assert told in done.stderr and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
