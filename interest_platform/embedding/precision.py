"""Which number format a transformer runs in: as said, or the fastest that keeps the model's answer."""

import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_platform.embedding import hardware
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.hardware import Precision
from interest_platform.embedding.made import FOLDER
from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    from interest_platform.embedding.model_folder import ModelFolder
    from interest_platform.embedding.network import Network
    from interest_platform.embedding.pooling import Pooling

FLOOR = 0.99
"""Mean cosine to fp32 below which int8 is refused; bf16 keeps .9999, and all-MiniLM-L6-v2 in int8 .997."""
GAIN = 1.3
"""How many times as fast as fp32 int8 has to be for `auto` to take it: measured again, the choice must not turn."""

PROBES = (
    "The new kernel fixes the memory leak that we saw under heavy load.",
    "Does anybody have a spare ticket for the concert on Friday?",
    "My flight was cancelled and the airline offered a refund after two weeks of waiting.",
    "Great shoes, light and comfortable, but the sole wore off after three months.",
    "How do I grind coffee for a moka pot without making it bitter?",
    "The court ruled against the patent holder in a long awaited decision.",
    "Nice.",
    "404 not found :-( see the log below, line 12",
    "¿Dónde puedo comprar una bicicleta de segunda mano?",
    "Die Wohnung ist hell und ruhig, nur die Heizung macht nachts Geräusche.",
    "Le train de nuit est arrivé avec trois heures de retard.",
    "价格便宜，质量也不错，下次还会再来。",
)
"""What fidelity is measured on: short and long, of several languages."""
_ROUNDS = 5


@dataclass(frozen=True)
class Chosen:
    """A number format; `fidelity` is int8's mean cosine to fp32, 1 for fp32, and `None` where it was not measured."""

    precision: Precision
    fidelity: float | None = None


@dataclass(frozen=True)
class Measured:
    """int8 on this machine: mean cosine to fp32, and how many times as fast."""

    fidelity: float
    gain: float


def choose_precision(wanted: str, model: "ModelFolder", pooling: "Pooling", home: Path | None) -> Chosen:
    """`auto`: bf16 where it is native; else int8 where measuring shows that it pays and is true enough; else fp32.

    What is measured is kept in the home, so that it is measured once, and once decided stays so; without a home `auto`
    does not measure. Raises `EncoderError` where int8 is asked for and the machine or the model is not fit for it.
    """
    if wanted == "int8":
        _require_int8(model)
        fidelity = _measured(model, pooling, home).fidelity
        if not fidelity >= FLOOR:
            raise EncoderError(
                f"encoder.precision int8: the mean cosine to fp32 of {model.name} would be {fidelity:.3f}, below "
                f"{FLOOR}; use bf16, fp32 or auto"
            )
        return Chosen("int8", fidelity)
    if wanted in ("fp32", "bf16"):
        return Chosen("bf16") if wanted == "bf16" else Chosen("fp32", 1.0)
    if hardware.native_bf16():
        return Chosen("bf16")
    if home is not None and hardware.has_int8():
        found = _measured(model, pooling, home)
        if found.gain >= GAIN and found.fidelity >= FLOOR:
            return Chosen("int8", found.fidelity)
    return Chosen("fp32", 1.0)


def _require_int8(model: "ModelFolder") -> None:
    if not hardware.has_int8():
        device = hardware.device()
        raise EncoderError(
            f"encoder.precision int8: {hardware.cpu_name() if device == 'cpu' else device} has no 8-bit products "
            f"(AVX-512 VNNI, AVX-VNNI, AMX or ARM's dot product), so it would not pay for {model.name}; use auto"
        )


def _measured(model: "ModelFolder", pooling: "Pooling", home: Path | None) -> Measured:
    """As the home has it, else measured now."""
    import importlib.metadata

    machine = {"cpu": hardware.cpu_name(), "machine": platform.machine(), "torch": importlib.metadata.version("torch")}
    name = fingerprint("int8", {"files": model.hashes, "pooling": pooling, **machine})
    path = None if home is None else home / FOLDER / "precision" / f"{name}.json"
    if path is not None and path.is_file():
        told = json.loads(path.read_text(encoding="utf-8"))
        return Measured(told["fidelity"], told["gain"])
    found = measure(model, pooling)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}")
        beside.write_text(json.dumps({"fidelity": found.fidelity, "gain": found.gain, "model": model.name, **machine}))
        beside.replace(path)
    return found


def measure(model: "ModelFolder", pooling: "Pooling") -> Measured:
    """Both formats on `PROBES`: their mean cosine, and the ratio of the shortest of a few times of each."""
    from interest_platform.embedding.network import load_network

    formats: tuple[Precision, Precision] = ("fp32", "int8")
    full, short = (load_network(model, each, "cpu", model.most_tokens, pooling) for each in formats)
    batch = _batch(full)
    vectors = [network.pooled(*batch) for network in (full, short)]
    taken = [[_seconds(network, batch) for network in (full, short)] for _ in range(_ROUNDS)]
    slow, fast = (min(times) for times in zip(*taken, strict=True))
    cosines = np.einsum("nd,nd->n", vectors[0].astype(np.float64), vectors[1].astype(np.float64))
    return Measured(float(cosines.mean()), slow / fast)


def _batch(network: "Network") -> tuple[Any, ...]:
    from interest_platform.embedding.tokens import padded, tokenise

    tokens = list(tokenise(network.tokenizer, PROBES, 64))
    length = max(len(t) for t in tokens)
    return padded(tokens, length, network.tokenizer.pad_token_id or 0)


def _seconds(network: "Network", batch: tuple[Any, ...]) -> float:
    started = time.perf_counter()
    network.pooled(*batch)
    return time.perf_counter() - started
