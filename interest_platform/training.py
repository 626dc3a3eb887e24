"""Training an encoder on the lake's texts: which windows, whether their texts are there, and the MLflow run of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from interest_platform.configuration import Configuration, EncoderSettings
from interest_platform.domain.tables import CLEANED_TOKENS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.embedding.encoder import load_encoder
from interest_platform.embedding.made import made_folder, one_at_a_time
from interest_platform.embedding.trained import TRAINERS, TrainedEncoder, train
from interest_platform.errors import NotTrainedError, SettingsError
from interest_platform.lake import Lake
from interest_platform.settings import Settings
from interest_platform.tracking import RunTags, Tracker

if TYPE_CHECKING:
    from interest_platform.tracking import ClusteringRun

ENCODER_MODEL = "encoder_model"


def learns(config: Configuration) -> bool:
    """Whether texts are encoded, by an encoder that has to be trained."""
    return config.vector_encoder is None and config.encoder.kind in TRAINERS


def training_windows(config: Configuration, now: datetime) -> list[Window]:
    """The closed windows of `encoder.train`, oldest first.

    Raises `SettingsError` where there is none, or one that `encoder.train.end` names is still open.
    """
    given, grid = config.encoder.train, config.windows.grid
    first = datetime.combine(given.start or grid.start, datetime.min.time())
    last = datetime.combine(given.end, datetime.min.time()) if given.end else grid.end_time
    windows = [w for w in grid.closed(now) if first <= w.start and w.end <= last]
    if not windows:
        raise SettingsError(f"encoder.train: no closed window in [{first:%Y-%m-%d}, {given.end or grid.end or 'now'})")
    if given.end and windows[-1].end < last:
        raise SettingsError(
            f"encoder.train.end: {given.end} has not come yet; the last closed window ends {windows[-1].end:%Y-%m-%d}"
        )
    return windows


def untrained(settings: Settings) -> bool:
    """Whether the encoder has to be trained before a text can be encoded."""
    if not learns(settings.config):
        return False
    encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
    return isinstance(encoder, TrainedEncoder) and not encoder.is_trained


def missing_windows(settings: Settings, lake: Lake) -> list[Window]:
    """Windows to learn from whose texts are not in the lake."""
    windows = training_windows(settings.config, utc_now())
    loaded = {w.key for w in lake.loaded_windows(CLEANED_TOKENS.name, windows)}
    return [w for w in windows if w.key not in loaded]


def require_texts(settings: Settings, lake: Lake, to_come: Collection[Window] = ()) -> None:
    """Raise `NotTrainedError` where texts to learn from are neither in the lake nor among the windows `to_come`."""
    absent = [w for w in missing_windows(settings, lake) if w not in set(to_come)]
    if absent:
        raise NotTrainedError(
            f"encoder.kind {settings.config.encoder.kind}: is not trained, and {len(absent)} windows of encoder.train "
            f"are not loaded (first: {absent[0].key}); run `interest train`, which loads them"
        )


def with_encoder(settings: Settings, encoder: EncoderSettings) -> Settings:
    """The settings as if the line used another encoder."""
    return settings.model_copy(update={"config": settings.config.model_copy(update={"encoder": encoder})})


def train_on_lake(
    settings: Settings,
    lake: Lake,
    tracker: Tracker,
    dagster_run_id: str,
    again: bool = True,
    asset: str = ENCODER_MODEL,
) -> TrainedEncoder:
    """Train on the windows' texts as the lake has them now and put the model in use; one MLflow run holds it all.

    The run is the `asset`'s and supersedes earlier ones of it. With `again` false a model that another process has put
    in use meanwhile is taken. Raises `NotTrainedError` where texts are missing or too few.
    """
    with one_at_a_time(made_folder(settings.home, settings.config.encoder.kind)):
        if not again and not untrained(settings):
            return TrainedEncoder(settings.config.encoder, settings.home, settings.home)
        require_texts(settings, lake)
        windows = training_windows(settings.config, utc_now())
        version = lake.version()
        whole = Window(windows[0].start, windows[-1].end)
        tags = RunTags(dagster_run_id, asset, str(whole), "1", settings.config.encoder.kind, version)
        with tracker.clustering_run(whole, tags) as run:
            texts = _texts(lake, windows, settings.config.encoder.train.max_texts, version)
            about = {"trained_from": windows[0].key, "trained_to": f"{whole.end:%Y-%m-%d}", "lake_version": version}
            encoder = train(settings.config.encoder, settings.home, texts, about)
            _track(run, encoder, settings)
        return encoder


def _texts(lake: Lake, windows: Sequence[Window], most: int, version: int) -> list[str]:
    """The windows' distinct texts in the order of their hashes; the first `most`, which is a sample."""
    columns = ["text_hash", "clean_text"]
    found = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    for window in windows:
        texts = lake.read(CLEANED_TOKENS, [window], columns=columns, version=version)
        texts = texts.filter(pl.col("clean_text") != "").select(columns)
        found = pl.concat([found, texts]).unique("text_hash").sort("text_hash").head(most)
    return found["clean_text"].to_list()


def _track(run: "ClusteringRun", encoder: TrainedEncoder, settings: Settings) -> None:
    about = encoder.description
    run.tag("encoder", encoder.fingerprint)
    run.tag("mlflow.note.content", f"The encoder {encoder.fingerprint}, trained on {about['texts']} texts.")
    run.params({"encoder": settings.config.encoder.model_dump(mode="json", include={"kind", "dimension", "train"})})
    run.params({name: value for name, value in about.items() if isinstance(value, str)})
    run.metrics({name: value for name, value in about.items() if isinstance(value, int | float)})
    run.folder(encoder.folder)
