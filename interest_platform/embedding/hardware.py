"""What the machine can do, told without importing torch where that is possible (an import costs over a second)."""

import platform
from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16"]
Device = Literal["cpu", "cuda"]

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86, ARM
# device files of NVIDIA's and AMD's drivers and of Windows' Linux: without one of them Linux has no CUDA device
_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/nvhost-gpu", "/dev/nvgpu")


@cache
def device() -> Device:
    """`cuda` where torch has a usable GPU, else `cpu`."""
    if platform.system() == "Linux" and not any(Path(name).exists() for name in _GPU_FILES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def resolve_precision(wanted: str) -> Precision:
    """`auto` becomes bf16 where the device multiplies it natively, else fp32; anything else is taken as said."""
    if wanted == "auto":
        return "bf16" if _native_bf16() else "fp32"
    return "bf16" if wanted == "bf16" else "fp32"


@cache
def _native_bf16() -> bool:
    if device() == "cuda":
        import torch

        return torch.cuda.is_bf16_supported(including_emulation=False)
    if _CPU_INFO.exists():
        return bool(_BF16_FLAGS & cpu_flags(_CPU_INFO.read_text(errors="replace")))
    import torch

    # Windows and macOS: torch's own (private) answers for x86; elsewhere fp32 is the safe choice
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


def cpu_flags(cpuinfo: str) -> set[str]:
    """The feature flags that every processor of a `/proc/cpuinfo` has (`flags` on x86, `Features` on ARM)."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = [set(value.split()) for key, _, value in lines if key.strip() in ("flags", "Features")]
    return set.intersection(*flags) if flags else set()
