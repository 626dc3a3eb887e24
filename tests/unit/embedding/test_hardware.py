import pytest

from interest_platform.embedding import hardware


def test_flags_are_those_that_every_core_has():
    assert hardware.cpu_flags("processor: 0\nflags\t\t: fpu avx512_bf16\nprocessor: 1\nflags : fpu\n") == {"fpu"}
    assert hardware.cpu_flags("Features : fp asimd bf16\n") == {"fp", "asimd", "bf16"}
    assert hardware.cpu_flags("model name : none\n") == set()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16", True), ("amx_bf16", True), ("bf16", True), ("avx2 avx512f", False)],
)
def test_bf16_is_native_where_the_processor_multiplies_it(monkeypatch, tmp_path, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware, "device", lambda: "cpu")
    hardware.native_bf16.cache_clear()
    try:
        assert hardware.native_bf16() == expected
    finally:
        hardware.native_bf16.cache_clear()


def test_the_answer_is_that_of_torch():
    import torch

    if hardware.device() == "cpu" and torch.cpu._is_avx512_supported():
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        assert hardware.native_bf16() == native


@pytest.mark.parametrize(("flags", "expected"), [("avx512_vnni", True), ("asimddp", True), ("avx2", False)])
def test_8_bit_products_are_told_by_the_flags(monkeypatch, tmp_path, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"model name : a chip\nflags : {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware, "device", lambda: "cpu")
    for told in (hardware.has_int8, hardware.cpu_name):
        told.cache_clear()
    try:
        assert hardware.has_int8() == expected
        assert hardware.cpu_name() == "a chip"
    finally:
        for told in (hardware.has_int8, hardware.cpu_name):
            told.cache_clear()
