"""`interest train`: what a tfidf or word2vec encoder learns from, and the learning."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from interest_platform.domain.windows import Window
from interest_platform.errors import SettingsError
from interest_platform.settings import load_settings

if TYPE_CHECKING:
    from dagster import AssetKey, Definitions  # noqa: TID251 - names for the type checker; nothing is imported

STEPS = ("raw_texts", "cleaned_tokens")
"""What has to be loaded to learn from."""


def train() -> None:
    """Train the encoder on the texts of encoder.train's windows, which are loaded first where they are not yet."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars, console, quiet_output
    from interest_platform.commands.run import home_instance
    from interest_platform.embedding import load_encoder
    from interest_platform.jobs import LINE, TRAIN
    from interest_platform.lake import Lake
    from interest_platform.progress import reporting_to
    from interest_platform.runs import run_job, run_windows
    from interest_platform.training import learns, missing_windows

    settings = load_settings()
    if not learns(settings.config):
        told = "a source's own vectors" if settings.config.vector_encoder else settings.config.encoder.kind
        raise SettingsError(f"encoder.kind: training is for tfidf and word2vec, not for {told}")
    instance, defs = home_instance(settings), platform_definitions(settings)
    with RunBars() as bars, reporting_to(bars):
        for windows in _runs(missing_windows(settings, Lake(settings))):
            run_windows(defs, instance, LINE, windows, _text_keys(defs))
    with console.status("training the encoder"), quiet_output():
        run_job(defs, instance, TRAIN)
    encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
    facts = encoder.description
    console.print(
        f"{encoder.fingerprint}: {facts['words']:,} words of {facts['texts']:,} texts from {facts['trained_from']} to "
        f"{facts['trained_to']}; windows encoded with another model are encoded again by `interest run`",
        highlight=False,
        soft_wrap=True,
    )


def _runs(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """The windows as ranges without a gap: a run loads every window from its first to its last."""
    stretch: list[Window] = []
    for window in windows:
        if stretch and stretch[-1].end != window.start:
            yield stretch
            stretch = []
        stretch.append(window)
    if stretch:
        yield stretch


def _text_keys(defs: "Definitions") -> "set[AssetKey]":
    from interest_platform.restating import keys_of

    return keys_of(defs, STEPS)
