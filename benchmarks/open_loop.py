"""An open-loop HTTP client: requests leave on a schedule, whether or not the ones before are answered.

Latency runs from the scheduled time, so that waiting behind a slow answer shows (no coordinated omission). The client's
own lateness, from the scheduled time to the sending, is told beside it: it is in the latencies too.
"""

import asyncio
import gc
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import numpy as np


@dataclass(frozen=True)
class Request:
    """GET, or POST where there is a JSON body."""

    path: str
    body: object | None = None


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each request, the client's lateness in them, and how often which status came."""

    latency: np.ndarray
    lateness: np.ndarray
    statuses: Counter[str]

    def told(self) -> str:
        """One line: percentiles, what was not 200, lateness, and how busy the machine is."""
        p50, p95, p99 = np.percentile(self.latency, [50, 95, 99])
        other = {status: n for status, n in self.statuses.items() if status != "200"}
        return (
            f"{len(self.latency):6} requests  p50 {p50:6.2f}  p95 {p95:6.2f}  p99 {p99:7.2f}  "
            f"max {self.latency.max():7.2f} ms  not 200: {other or 'none'}  "
            f"(client late by {np.percentile(self.lateness, 99):.2f} ms at p99, load {os.getloadavg()[0]:.1f})"
        )


def arrivals(per_second: float, seconds: float, even: bool, seed: int) -> np.ndarray:
    """Times of the requests in seconds from the beginning: a Poisson process, or evenly spaced."""
    n = round(per_second * seconds)
    if even:
        return np.arange(n) / per_second
    return np.cumsum(np.random.default_rng(seed).exponential(1 / per_second, n))


def drive(base: str, token: str, requests: Sequence[Request], at: np.ndarray) -> Measured:
    """Send each request at its time."""
    gc.collect()
    gc.freeze()
    return asyncio.run(_drive(base, token, requests, at))


async def _drive(base: str, token: str, requests: Sequence[Request], at: np.ndarray) -> Measured:
    latency, lateness, statuses = np.zeros(len(at)), np.zeros(len(at)), Counter[str]()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(base, headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(n: int, due: float) -> None:
            lateness[n] = time.perf_counter() - due
            asked = requests[n % len(requests)]
            method = "GET" if asked.body is None else "POST"
            try:
                async with session.request(method, asked.path, json=asked.body) as answer:
                    await answer.read()
                    statuses[str(answer.status)] += 1
            except aiohttp.ClientError as error:
                statuses[type(error).__name__] += 1
            latency[n] = time.perf_counter() - due

        begun, tasks = time.perf_counter() + 0.1, []
        for n, moment in enumerate(at):
            due = begun + float(moment)
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(send(n, due)))
        await asyncio.gather(*tasks)
    return Measured(latency * 1e3, lateness * 1e3, statuses)
