"""Models from the Hugging Face hub: only those the user names, only safetensors, from the cache where it has them."""

import os
from collections.abc import Callable
from pathlib import Path

from interest_platform.errors import EncoderError

_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "README.md"]
# folders hold the same weights again for other run times; 1_Pooling says how to pool
_UNWANTED = ["[!1]*/*"]


def snapshot(name: str, tried: Path, complete: Callable[[Path], bool]) -> Path:
    """The folder of the model's files, named as its commit; downloaded where the cache lacks it or a part of it.

    A cached model is used as it is, also when the hub has a newer one. `tried` is the folder that does not exist, for
    the message of the `EncoderError` raised where the hub can't be reached or knows no such model.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download

    folder = None
    for from_cache in (True, False):
        try:
            folder = Path(
                snapshot_download(
                    name,
                    allow_patterns=_WANTED,
                    ignore_patterns=_UNWANTED,
                    local_files_only=from_cache,
                    etag_timeout=5,
                )
            )
        # the hub's client raises several families: of the hub, of HTTP, of files, of names
        except Exception as error:
            failure = error
        else:
            if complete(folder):
                break
    if folder is None:
        reason = next(iter(str(failure).splitlines()), type(failure).__name__)
        raise EncoderError(
            f"encoder.model: {name!r} is no folder ({tried}), and as a Hugging Face name it can't be had: {reason}"
        ) from failure
    return folder
