"""The folder in the home where a run keeps what it needs only while it reads."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import psutil

from interest_platform.errors import SourceError


def make_folder(home: Path) -> Path:
    """A new folder under `home/tmp`; those that killed runs on this machine left there are removed.

    Raises `SourceError` where it can't be made.
    """
    parent = home / "tmp"
    host = socket.gethostname()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"ingest-{host}-*"):
            owner = left.name.removeprefix(f"ingest-{host}-").split("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"ingest-{host}-{os.getpid()}-", dir=parent))
    except OSError as error:
        raise SourceError(f"can't make a temporary folder in {parent}: {error.strerror or error}") from error
