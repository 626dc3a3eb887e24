"""An OpenAI-compatible server on 127.0.0.1 that answers, counts what it is asked, and misbehaves on demand."""

import base64
import hashlib
import json
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

DIMENSION = 24


def vector(text: str, dimension: int = DIMENSION) -> list[float]:
    """The server's vector of a text, not of unit length; deterministic, float32 values."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return (3 * np.random.default_rng(seed).standard_normal(dimension)).astype(np.float32).tolist()


@dataclass
class Reply:
    """What the server sends: `content` as JSON, or as it is where it is bytes; `cut` closes half-way."""

    content: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    delay: float = 0.0


@dataclass
class Asked:
    """A request: its path, headers, JSON body, and when it came."""

    path: str
    headers: dict[str, str]
    body: dict
    at: float


Answer = Callable[[Asked], Reply]


@dataclass
class Server:
    """`script` holds the answers to the next requests; when it is used up (and for None in it), `usual` answers."""

    url: str = ""
    usual: Answer = field(default=lambda asked: Reply(embeddings(asked.body)))
    script: list[Reply | Answer | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    answered: Counter = field(default_factory=Counter)
    """How often a text has been in a request that was answered with 200 and not cut: what would be paid for."""
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            scripted = self.script.pop(0) if self.script else None
        reply = scripted if isinstance(scripted, Reply) else (scripted or self.usual)(asked)
        if reply.status == 200 and not reply.cut:
            with self.lock:
                self.answered.update(asked.body.get("input", []))
        return reply


def embeddings(body: dict, dimension: int | None = None) -> dict:
    """A correct answer to a request for embeddings; 2 tokens a text."""
    length = dimension or body.get("dimensions") or DIMENSION
    data = []
    for index, text in enumerate(body["input"]):
        values = vector(text, length)
        packed = base64.b64encode(struct.pack(f"<{length}f", *values)).decode()
        embedding = packed if body.get("encoding_format") == "base64" else values
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = 2 * len(data)
    return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": tokens}}


def refusal(status: int, message: str = "no", code: str = "", **headers: str) -> Reply:
    """An OpenAI error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"message": message, "type": "error", "code": code}}, status, named)


@contextmanager
def serving() -> Iterator[Server]:
    """The server, while the block runs."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # header and body in one packet, else the client's delayed acknowledgement costs 40 ms

        def do_POST(self) -> None:
            with server.lock:
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                self._answer()
            finally:
                with server.lock:
                    server.at_once -= 1

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.reply(Asked(self.path, headers, body, time.monotonic()))
            time.sleep(reply.delay)
            content = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "content-type" not in reply.headers:
                    self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if reply.cut else content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            if reply.cut:
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
