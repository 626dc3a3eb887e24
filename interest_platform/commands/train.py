"""`interest train`: what a tfidf or word2vec encoder learns from, and the learning."""

from interest_platform.errors import SettingsError
from interest_platform.settings import load_settings


def train() -> None:
    """Train the encoder on the texts of encoder.train's windows, which are loaded first where they are not yet."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars, console, quiet_output
    from interest_platform.commands.loading import load_texts
    from interest_platform.commands.run import home_instance
    from interest_platform.embedding import load_encoder
    from interest_platform.jobs import TRAIN
    from interest_platform.lake import Lake
    from interest_platform.progress import reporting_to
    from interest_platform.runs import run_job
    from interest_platform.training import learns, missing_windows

    settings = load_settings()
    if not learns(settings.config):
        told = "a source's own vectors" if settings.config.vector_encoder else settings.config.encoder.kind
        raise SettingsError(f"encoder.kind: training is for tfidf and word2vec, not for {told}")
    instance, defs = home_instance(settings), platform_definitions(settings)
    with RunBars() as bars, reporting_to(bars):
        load_texts(defs, instance, missing_windows(settings, Lake(settings)))
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
