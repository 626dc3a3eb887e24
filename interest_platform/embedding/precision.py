"""Which number format a transformer runs in: as said, or the fastest that keeps the model's answer."""

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_platform.embedding import hardware
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.hardware import Precision
from interest_platform.embedding.int8 import INT8_SCHEME
from interest_platform.embedding.made import FOLDER
from interest_platform.embedding.tokens import padded, tokenise
from interest_platform.embedding.workers import one_thread
from interest_platform.errors import EncoderError, SettingsError

if TYPE_CHECKING:
    from interest_platform.embedding.model_folder import ModelFolder
    from interest_platform.embedding.network import Network
    from interest_platform.embedding.pooling import Pooling

FLOOR = 0.99
"""Mean cosine to fp32 below which int8 is refused; of all-MiniLM-L6-v2 bf16 keeps .9999 and int8 .998."""
GAINS: dict[Precision, float] = {"bf16": 1.2, "int8": 1.6}
"""How many times as fast as the best before it a format has to be for `auto` to take it.

int8 costs more of the answer, so it has to give more; and both are far from what was measured (on AMD Zen 4 bf16 1.7
to 1.9 times fp32, int8 1.2 to 1.4 times bf16), so that measured again the choice is the same.
"""

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
_ROUNDS = 3
_TIMED = (4, 128)
"""Texts and tokens of the batch that is timed, as one core has it."""


@dataclass(frozen=True)
class Chosen:
    """A number format; `fidelity` is its mean cosine to fp32, `None` where it was not measured."""

    precision: Precision
    fidelity: float | None = None


@dataclass(frozen=True)
class Measured:
    """A format on this machine: mean cosine to fp32, and how many times as fast."""

    fidelity: float
    gain: float


def choose_precision(wanted: str, model: "ModelFolder", pooling: "Pooling", home: Path | None) -> Chosen:
    """`auto`: of the formats that the processor has, what measuring shows to pay and to be true enough.

    What is measured is kept in the home, so that it is measured once, and once decided stays so. Without a home, and on
    a GPU, `auto` does not measure: bf16 where it is native, else fp32. Raises `SettingsError` where int8 is asked for
    and the machine has it not, `EncoderError` where it is not true enough to the model.
    """
    if wanted == "int8":
        _require_int8(model)
        fidelity = _measured(model, pooling, home, ("int8",))["int8"].fidelity
        if not fidelity >= FLOOR:
            raise EncoderError(
                f"encoder.precision int8: the mean cosine to fp32 of {model.name} would be {fidelity:.3f}, below "
                f"{FLOOR}; use bf16, fp32 or auto"
            )
        return Chosen("int8", fidelity)
    if wanted in ("fp32", "bf16"):
        return Chosen("bf16") if wanted == "bf16" else Chosen("fp32", 1.0)
    native = [each for each in GAINS if _is_native(each)]
    if home is None or hardware.device() != "cpu" or not native:
        return Chosen("bf16") if "bf16" in native else Chosen("fp32", 1.0)
    return best(_measured(model, pooling, home, native))


def best(measured: Mapping[Precision, Measured]) -> Chosen:
    """fp32, or a format as many times as fast as the best before it as `GAINS` asks for.

    >>> best({"bf16": Measured(0.9999, 1.8), "int8": Measured(0.998, 2.4)}).precision
    'bf16'
    """
    chosen, gain = Chosen("fp32", 1.0), 1.0
    for precision, found in measured.items():
        if found.gain >= GAINS[precision] * gain and found.fidelity >= FLOOR:
            chosen, gain = Chosen(precision, found.fidelity), found.gain
    return chosen


def _is_native(precision: Precision) -> bool:
    return hardware.native_bf16() if precision == "bf16" else hardware.has_int8()


def _require_int8(model: "ModelFolder") -> None:
    if not hardware.has_int8():
        device = hardware.device()
        raise SettingsError(
            f"encoder.precision int8: {hardware.cpu_name() if device == 'cpu' else device} has no 8-bit products "
            f"(AVX-512 VNNI, AVX-VNNI, AMX or ARM's dot product), so it would not pay for {model.name}; use auto"
        )


def _measured(
    model: "ModelFolder", pooling: "Pooling", home: Path | None, formats: Sequence[Precision]
) -> dict[Precision, Measured]:
    """Of these formats, in this order: as the home has it, else measured now."""
    import importlib.metadata

    machine = {"cpu": hardware.cpu_name(), "machine": platform.machine(), "torch": importlib.metadata.version("torch")}
    decides = {"files": model.hashes, "pooling": pooling, "scheme": INT8_SCHEME, **machine}
    path = None if home is None else home / FOLDER / "precision" / f"{fingerprint('precision', decides)}.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}
    if missing := [each for each in formats if each not in known]:
        found = measure(model, pooling, missing)
        known |= {each: {"fidelity": m.fidelity, "gain": m.gain} for each, m in found.items()}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}")
            beside.write_text(json.dumps({**known, "model": model.name, **machine}), encoding="utf-8")
            beside.replace(path)
    return {each: Measured(known[each]["fidelity"], known[each]["gain"]) for each in formats}


def measure(model: "ModelFolder", pooling: "Pooling", formats: Sequence[Precision]) -> dict[Precision, Measured]:
    """Each format beside fp32: the mean cosine on `PROBES`, and on one core the median ratio of a few times of each."""
    from interest_platform.embedding.network import load_network

    networks = [load_network(model, each, "cpu", model.most_tokens, pooling) for each in ("fp32", *formats)]
    texts = _batch(networks[0])
    vectors = [network.pooled(*texts).astype(np.float64) for network in networks]
    with one_thread():
        timed = _timed_batch(networks[0], model.most_tokens)
        for network in networks:
            network.pooled(*timed)
        taken = np.array([[_seconds(network, timed) for network in networks] for _ in range(_ROUNDS)])
    gains = np.median(taken[:, :1] / taken, axis=0)
    cosines = [float(np.einsum("nd,nd->n", vectors[0], other).mean()) for other in vectors]
    return {each: Measured(cosines[i], float(gains[i])) for i, each in enumerate(formats, start=1)}


def _batch(network: "Network") -> tuple[Any, ...]:
    """`PROBES`, padded."""
    tokens = list(tokenise(network.tokenizer, PROBES, 64))
    return padded(tokens, max(len(t) for t in tokens), network.tokenizer.pad_token_id or 0)


def _timed_batch(network: "Network", limit: int) -> tuple[Any, ...]:
    """Texts of `PROBES` one behind the other, each from another one on."""
    n, t = _TIMED
    texts = [" ".join(PROBES[i:] + PROBES[:i]) for i in range(n)]
    tokens = list(tokenise(network.tokenizer, texts, min(t, limit)))
    return padded(tokens, max(len(each) for each in tokens), network.tokenizer.pad_token_id or 0)


def _seconds(network: "Network", batch: tuple[Any, ...]) -> float:
    # of this thread's own time, so that what else the machine does decides nothing
    started = time.thread_time()
    network.pooled(*batch)
    return time.thread_time() - started
