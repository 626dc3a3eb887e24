"""What the machine can do, told without importing torch where that is possible (an import costs over a second)."""

import platform
from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16", "int8"]
Device = Literal["cpu", "cuda"]

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86, ARM
_INT8_FLAGS = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}  # the last two of ARM
# device files of NVIDIA's and AMD's drivers and of Windows' Linux: without one of them Linux has no CUDA device
_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/nvhost-gpu", "/dev/nvgpu")


@cache
def device() -> Device:
    """`cuda` where torch has a usable GPU, else `cpu`."""
    if platform.system() == "Linux" and not any(Path(name).exists() for name in _GPU_FILES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@cache
def native_bf16() -> bool:
    """Whether the device multiplies bf16 itself."""
    if device() == "cuda":
        import torch

        return torch.cuda.is_bf16_supported(including_emulation=False)
    if _CPU_INFO.exists():
        return bool(_BF16_FLAGS & cpu_flags(_CPU_INFO.read_text(errors="replace")))
    import torch

    # Windows and macOS: torch's own (private) answers for x86; elsewhere fp32 is the safe choice
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


@cache
def has_int8() -> bool:
    """Whether the device is a CPU that multiplies 8-bit integers itself; where that can't be told, it does not."""
    known = device() == "cpu" and _CPU_INFO.exists()
    return known and bool(_INT8_FLAGS & cpu_flags(_CPU_INFO.read_text(errors="replace")))


@cache
def cpu_name() -> str:
    """What the processor calls itself."""
    lines = _CPU_INFO.read_text(errors="replace").splitlines() if _CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cpu_flags(cpuinfo: str) -> set[str]:
    """The feature flags that every processor of a `/proc/cpuinfo` has (`flags` on x86, `Features` on ARM)."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = [set(value.split()) for key, _, value in lines if key.strip() in ("flags", "Features")]
    return set.intersection(*flags) if flags else set()
