"""A process that writes to a lake: `writer.py HOME first count [pause|full-data|full-catalog|prepare]`.

`pause` says `inside` on stdout with all rows written but nothing committed, then waits to be killed. `full-data` and
`full-catalog` let no file grow over 40 kB, which the rows, or the catalog, need. `prepare` first makes the lake.
"""

import os
import resource
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import Configuration
from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.errors import InterestError
from interest_platform.lake import Lake, Stamp, table
from interest_platform.settings import Settings


def pause(*_: object) -> None:
    print("inside", flush=True)
    time.sleep(60)


def main(home: Path, first: int, count: int, mode: str = "") -> int:
    config = Configuration.model_validate(
        {"sources": [{"name": "a", "uri": "a.parquet"}], "windows": {"grain": "day", "start": "2024-01-01"}}
    )
    catalog = os.environ.get("INTEREST_LAKE_CATALOG")
    settings = Settings(
        config=config,
        config_path=home / "interest.yaml",
        home=home,
        catalog=SecretStr(catalog) if catalog else None,
    )
    lake = Lake(settings)
    if mode == "prepare":
        lake.prepare()
    if mode == "pause":
        table._message = pause  # type: ignore[assignment]
    if mode.startswith("full"):
        lake.version()
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    spread = 1 if mode == "full-catalog" else 384
    for number in range(first, first + count):
        start = datetime(2024, 1, 1) + timedelta(days=number)
        rows = pl.DataFrame(
            {
                "text_hash": [f"{i}" for i in range(500)],
                "encoder": "e",
                "vector": [[i * j * 7919 % 65537 / 65537 for j in range(spread)] for i in range(500)],
                "n_model_tokens": 1,
                "truncated": False,
            }
        )
        frame = EMBEDDINGS.conform(rows, start)
        try:
            lake.replace(
                Window(start, start + timedelta(days=1)), {"embeddings": frame}, Stamp("w", f"run-{first}", "v")
            )
        except InterestError as error:
            print(error, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
