"""How long the demo takes on an empty home, and how long a second time, when every text is known."""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"first": 240.0, "second": 45.0}


def main() -> None:
    """Run `interest demo` twice in a temporary home and print seconds, processor seconds and texts encoded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="home to use and keep instead of a temporary one (must not exist)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.keep or Path(folder) / "home"
        fetch = [sys.executable, "-m", "interest_platform", "samples", "fetch", "mailing-lists"]
        subprocess.run(
            fetch, env=os.environ | {"INTEREST_HOME": str(home)}, cwd=folder, check=True, capture_output=True
        )
        print(f"{'run':<8} {'seconds':>8} {'cpu s':>7} {'to reach':>9} {'texts encoded':>14}")
        for name, target in TARGETS.items():
            seconds, processor, encoded = timed(home, folder)
            print(f"{name:<8} {seconds:>8.1f} {processor:>7.1f} {target:>9.0f} {encoded:>14}")


def timed(home: Path, folder: str) -> tuple[float, float, str]:
    """Seconds, processor seconds (of the processes it started) and the number of texts encoded of one demo."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "interest_platform", "demo"],
        env={k: v for k, v in os.environ.items() if k != "INTEREST_CONFIG"} | {"INTEREST_HOME": str(home)},
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"encoded ([\d,]+) texts", done.stderr)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processor, found.group(1) if found else "?"


if __name__ == "__main__":
    main()
