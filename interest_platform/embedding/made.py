"""Models that the platform makes itself (distilled, trained): folders in the home, whole or not there."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from interest_platform.errors import EncoderError

FOLDER = "encoders"
"""Below the home."""
TENSORS, ABOUT = "model.safetensors", "about.json"
LOCK_SECONDS = 3_600


def made_folder(home: Path | None, kind: str) -> Path:
    """Where models of a kind are kept. Raises `EncoderError` without a home."""
    if home is None:
        raise EncoderError(f"encoder.kind {kind}: needs a home to keep its model; set INTEREST_HOME")
    return home / FOLDER / kind


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold `folder` against every other process that would make the same model."""
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.parent / f"{folder.name}.lock", timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise EncoderError(f"{folder}: another process has been making it for {LOCK_SECONDS} s; is it stuck?") from None


def write_made(
    folder: Path, tensors: Mapping[str, np.ndarray], about: Mapping[str, Any], more: Callable[[Path], object] | None
) -> None:
    """Write tensors, what is known of them and, with `more`, other files; the folder appears whole or not at all."""
    from safetensors.numpy import save_file

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(mkdtemp(prefix=".making-", dir=folder.parent))
        try:
            save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, beside / TENSORS)
            (beside / ABOUT).write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")
            if more is not None:
                more(beside)
            beside.chmod(0o755)
            if not folder.exists():
                beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise EncoderError(f"{folder} can't be written: {error.strerror or error}") from error


def read_made(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and what is known of them. Raises `EncoderError` where a file is damaged."""
    from safetensors.numpy import load_file

    try:
        return load_file(folder / TENSORS), json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    # safetensors has an error of its own, which is no OSError
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise EncoderError(f"{folder} can't be read ({reason}); delete that folder and it is made again") from error
