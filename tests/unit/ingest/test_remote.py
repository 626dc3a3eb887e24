"""Files behind a URL, served by a server of the test's own."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from interest_platform.errors import SourceError
from interest_platform.ingest import remote

pytestmark = pytest.mark.skipif(remote._packaged() is None, reason="duckdb-extension-httpfs is not installed")


class Ranges(SimpleHTTPRequestHandler):
    """Serves parts of files, as Parquet is read."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range")
        path = self.translate_path(self.path)
        if wanted is None:
            return super().do_GET()
        content = Path(path).read_bytes()
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last or len(content)) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


@pytest.fixture
def address(platform):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Ranges, directory=str(platform.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["r.parquet", "r.csv", "r.jsonl"])
def test_a_file_behind_a_url_is_read_like_a_local_one(platform, address, name):
    frame = pl.DataFrame({"user_id": ["ann", ""], "text": ["x", "y"], "ts": ["2024-01-02"] * 2})
    {"parquet": frame.write_parquet, "csv": frame.write_csv, "jsonl": frame.write_ndjson}[name[2:]](
        platform.folder / name
    )
    found = platform.read(f"{address}/{name}")
    assert found.accepted.equals(platform.read(name).accepted)
    assert found.reasons == {f"{name}#2": "no_user"}


def test_a_url_that_leads_nowhere_is_told(platform, address):
    with pytest.raises(SourceError, match="source reviews"):
        platform.read(f"{address}/no.csv")
