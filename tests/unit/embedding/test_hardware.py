import pytest

from interest_platform.embedding import hardware


def test_flags_are_those_that_every_core_has():
    assert hardware.cpu_flags("processor: 0\nflags\t\t: fpu avx512_bf16\nprocessor: 1\nflags : fpu\n") == {"fpu"}
    assert hardware.cpu_flags("Features : fp asimd bf16\n") == {"fp", "asimd", "bf16"}
    assert hardware.cpu_flags("model name : none\n") == set()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16", "bf16"), ("amx_bf16", "bf16"), ("bf16", "bf16"), ("avx2 avx512f", "fp32")],
)
def test_auto_is_bf16_where_the_processor_multiplies_it(monkeypatch, tmp_path, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(hardware, "device", lambda: "cpu")
    hardware._native_bf16.cache_clear()
    try:
        assert hardware.resolve_precision("auto") == expected
    finally:
        hardware._native_bf16.cache_clear()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_stated_precision_is_used_as_it_is(precision):
    assert hardware.resolve_precision(precision) == precision


def test_the_answer_is_that_of_torch():
    import torch

    if hardware.device() == "cpu" and torch.cpu._is_avx512_supported():
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        assert hardware.resolve_precision("auto") == ("bf16" if native else "fp32")
