"""Encoders that are trained, through real assets: by themselves where the texts are there, else one line."""

from pathlib import Path

import dagster as dg
import pytest
from support import CONFIG, interest, make_workplace, posts

from interest_platform.assets.encoder_model import encoder_model
from interest_platform.code_location import platform_definitions
from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.embedding import load_encoder
from interest_platform.jobs import LINE, TRAIN
from interest_platform.lake import Lake
from interest_platform.lake.staleness import reasons, restatements
from interest_platform.restating import restate
from interest_platform.runs import RunFailed, run_job, run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare
from interest_platform.tracking import EXPERIMENT
from interest_platform.tracking.store import Store
from interest_platform.training import ENCODER_MODEL

TEXTS = {dg.AssetKey(name) for name in ("raw_texts", "rejected_texts", "cleaned_tokens")}
ALL = TEXTS | {dg.AssetKey("embeddings")}


def config(**encoder: object) -> str:
    return f"{CONFIG}encoder: {encoder}\n"


class Home:
    """A workplace whose encoder is trained."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **encoder: object):
        self.folder = make_workplace(folder, config(**encoder))
        monkeypatch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
        monkeypatch.setenv("INTEREST_HOME", str(folder / "home"))
        monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        self.settings = load_settings()
        self.instance = prepare(self.settings)
        self.windows = list(self.settings.grid)

    def run(self, *windows: int, assets: set[dg.AssetKey] = ALL) -> None:
        """The assets of the line over the numbered windows."""
        chosen = [self.windows[i] for i in windows]
        run_windows(platform_definitions(self.settings), self.instance, LINE, chosen, assets)

    def train(self) -> None:
        run_job(platform_definitions(self.settings), self.instance, TRAIN)

    def stale(self) -> dict:
        """Windows to restate, as far as vectors, and why."""
        return reasons(Lake(self.settings), self._wanted())

    def restate(self) -> None:
        restate(platform_definitions(self.settings), self.instance, self._wanted())

    def _wanted(self):
        steps = ["raw_texts", "cleaned_tokens", "embeddings"]
        return restatements(Lake(self.settings), steps)

    @property
    def encoder(self):
        return load_encoder(self.settings.config.encoder, self.settings.config_path.parent, self.settings.home)

    def vectors(self, *windows: int):
        return Lake(self.settings).read(EMBEDDINGS, [self.windows[i] for i in windows])

    def materialisations(self) -> list:
        records = self.instance.fetch_materializations(dg.AssetKey(ENCODER_MODEL), limit=10).records
        return [{k: v.value for k, v in r.asset_materialization.metadata.items()} for r in records]


@pytest.fixture
def home(tmp_path, monkeypatch):
    return lambda **encoder: Home(tmp_path, monkeypatch, **({"kind": "tfidf", "dimension": 8} | encoder))


def require_in_mlflow(place: Home) -> None:
    client = Store(place.settings.mlflow_folder).client()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (run,) = client.search_runs([experiment.experiment_id], f"tags.asset = '{ENCODER_MODEL}'")
    name = place.encoder.fingerprint
    assert run.info.status == "FINISHED" and run.data.tags["encoder"] == name
    assert run.data.metrics["texts"] == 72 and run.data.params["trained_from"] == "2024-01-01"
    assert {f.path for f in client.list_artifacts(run.info.run_id, name)} == {
        f"{name}/{file}" for file in ("about.json", "model.safetensors", "words.parquet")
    }


@pytest.mark.parametrize("kind", ["tfidf", "word2vec"])
def test_a_run_over_all_windows_trains_by_itself_once_and_keeps_the_model_in_mlflow(home, kind):
    place = home(kind=kind)
    place.run(0, 1, 2)
    (told,) = place.materialisations()
    rows = place.vectors(0, 1, 2)
    assert set(rows["encoder"]) == {told["encoder"]} == {place.encoder.fingerprint}
    assert told["encoder"].startswith(f"{kind}-") and told["texts"] == 72 and told["trained_to"] == "2024-01-22"
    require_in_mlflow(place)
    place.run(2)  # another run trains nothing
    assert len(place.materialisations()) == 1
    assert place.vectors(0, 1, 2)["vector"].to_list() == rows["vector"].to_list()


def test_without_the_texts_it_is_one_line_and_no_vector(home):
    place = home()
    with pytest.raises(RunFailed) as told:
        place.run(0)
    assert str(told.value) == (
        "encoder.kind tfidf: is not trained, and 2 windows of encoder.train are not loaded (first: 2024-01-08); "
        "run `interest train`, which loads them"
    )
    assert place.vectors(0).is_empty()


def test_only_the_windows_of_the_range_are_learnt_from(home):
    place = home(train={"end": "2024-01-08"})
    place.run(0)
    assert place.materialisations()[0]["texts"] == 24
    place.run(1)
    assert set(place.vectors(0, 1)["encoder"]) == {place.encoder.fingerprint}


def test_training_again_on_the_same_texts_is_the_same_model_and_on_others_another(home):
    place = home()
    place.run(0, 1, 2)
    before = place.encoder.fingerprint
    place.train()
    assert place.encoder.fingerprint == before and len(place.materialisations()) == 2
    posts(users=20).write_parquet(place.folder / "inbox" / "notes.parquet")
    place.run(0, 1, 2, assets=TEXTS)
    assert place.encoder.fingerprint == before  # frozen until it is told to
    place.train()
    assert place.encoder.fingerprint != before
    assert (place.encoder.folder.parent / before).is_dir()
    place.run(0, 1, 2)
    assert set(place.vectors(0, 1, 2)["encoder"]) == {place.encoder.fingerprint}


def test_after_training_again_the_windows_of_the_old_model_are_stale_and_restating_encodes_them(home):
    place = home()
    place.run(0, 1, 2)
    before = place.encoder.fingerprint
    posts(users=20).write_parquet(place.folder / "inbox" / "notes.parquet")
    place.run(2)
    assert not place.stale()
    place.train()
    assert list(place.stale().items()) == [
        (window.start, f"embeddings: was encoded by {before}, the encoder is now {place.encoder.fingerprint}")
        for window in place.windows
    ]
    place.restate()
    assert set(place.vectors(0, 1, 2)["encoder"]) == {place.encoder.fingerprint} != {before}
    assert not place.stale()


def test_the_graph_has_the_model_before_the_vectors_only_where_one_is_trained(home, tmp_path):
    trained = platform_definitions(home().settings).resolve_asset_graph()
    assert dg.AssetKey(ENCODER_MODEL) in trained.get(dg.AssetKey("embeddings")).parent_keys
    plain = make_workplace(tmp_path / "plain")
    other = platform_definitions(
        load_settings({"INTEREST_CONFIG": str(plain / "interest.yaml"), "INTEREST_HOME": str(plain / "h")})
    )
    assert dg.AssetKey(ENCODER_MODEL) not in other.resolve_asset_graph().get_all_asset_keys()
    assert encoder_model.key == dg.AssetKey(ENCODER_MODEL)


@pytest.mark.e2e
def test_interest_train_loads_what_it_learns_from_and_run_says_so_first(tmp_path):
    folder = make_workplace(tmp_path, config(kind="tfidf", dimension=8, train={"end": "2024-01-15"}))
    refused = interest(folder, "run", "--to", "2024-01-08", "--no-publish")
    assert refused.returncode == 1 and "1 windows of encoder.train are not loaded (first: 2024-01-08)" in refused.stderr
    trained = interest(folder, "train")
    assert trained.returncode == 0, trained.stderr
    assert "texts from 2024-01-01 to 2024-01-15" in trained.stderr
    ran = interest(folder, "run", "--to", "2024-01-08", "--no-publish")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.e2e
def test_interest_train_is_refused_where_nothing_learns(workplace):
    told = interest(workplace, "train")
    assert told.returncode == 2
    assert told.stderr == "error: encoder.kind: training is for tfidf and word2vec, not for transformer\n"
