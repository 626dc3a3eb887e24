"""The encoders of a comparison, loaded, so that what is wrong with one is told before any text is encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from interest_platform.configuration import ENCODER_KEYS, Configuration, EncoderSettings
from interest_platform.embedding.encoder import Encoder, load_encoder
from interest_platform.errors import EncoderError, SettingsError


@dataclass(frozen=True)
class Contestant:
    """An encoder of the grid; one without `encoder` are the vectors that the sources bring."""

    name: str
    settings: EncoderSettings | None = None
    encoder: Encoder | None = None


def contestants(config: Configuration, folder: Path, home: Path) -> list[Contestant]:
    """The encoders of `comparison.encoders`, else the one that the line uses.

    Raises `EncoderError` or `SettingsError`, with the encoder's place, for a model, key or format that is not there.
    """
    if config.vector_encoder:
        return [Contestant(f"given {config.vector_encoder}")]
    listed = config.comparison.encoders
    return [
        Contestant(
            encoder_name(each), each, _loaded(each, folder, home, f"comparison.encoders.{n}: " if listed else "")
        )
        for n, each in enumerate(listed or (config.encoder,))
    ]


def without_doubles(found: Sequence[Contestant]) -> tuple[list[Contestant], list[str]]:
    """Each fingerprint once, and a line on each encoder left out: two settings may come to one encoder on a machine.

    Encoders that have to be trained have to be trained by now.
    """
    kept: dict[str, Contestant] = {}
    notes = []
    for each in found:
        fingerprint = each.encoder.fingerprint if each.encoder else each.name
        if fingerprint in kept:
            notes.append(f"{each.name} is the same encoder as {kept[fingerprint].name} here: it runs once")
        kept.setdefault(fingerprint, each)
    return list(kept.values()), notes


def encoder_name(settings: EncoderSettings) -> str:
    """Kind, model and what else the settings say, for people.

    >>> encoder_name(EncoderSettings(kind="static", dimension=64))
    'static bundled dimension=64'
    """
    keys = [key for key in EncoderSettings.model_fields if key in ENCODER_KEYS[settings.kind]]
    said = [key for key in keys if key in settings.model_fields_set and key not in ("model", "api", "train")]
    parts = [settings.kind] + [settings.model] * ("model" in keys) + [f"{key}={getattr(settings, key)}" for key in said]
    if settings.api is not None:
        parts.append(f"at {urlsplit(settings.api.base_url).netloc}")
    return " ".join(parts)


def _loaded(settings: EncoderSettings, folder: Path, home: Path, place: str) -> Encoder:
    try:
        return load_encoder(settings, folder, home)
    except (EncoderError, SettingsError) as error:
        raise type(error)(f"{place}{error}") from error
