from pathlib import Path

import numpy as np
import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import hardware, int8_bert, load_encoder, precision
from interest_platform.embedding.int8 import Int8Linear
from interest_platform.embedding.precision import FLOOR, Measured
from interest_platform.errors import EncoderError, SettingsError

TEXTS = ["the cat and the dog", "a fast patch for the kernel", "music", "this song is not slow", "mail from the list"]


def encoder(path: Path, wanted: str, home: Path | None = None, **more: object):
    return load_encoder(EncoderSettings(model=str(path), precision=wanted, **more), Path("/"), home)


@pytest.fixture
def old_machine(monkeypatch):
    """A processor with 8-bit products and without bf16."""
    monkeypatch.setattr(hardware, "native_bf16", lambda: False)
    monkeypatch.setattr(hardware, "has_int8", lambda: True)
    return lambda gain, fidelity=0.999: monkeypatch.setattr(
        precision, "measure", lambda *_: {"int8": Measured(fidelity=fidelity, gain=gain)}
    )


@pytest.fixture
def new_machine(monkeypatch):
    """A processor with both."""
    monkeypatch.setattr(hardware, "native_bf16", lambda: True)
    monkeypatch.setattr(hardware, "has_int8", lambda: True)
    return lambda bf16, int8: monkeypatch.setattr(
        precision, "measure", lambda *_: {"bf16": Measured(0.9999, bf16), "int8": Measured(0.998, int8)}
    )


@pytest.fixture(autouse=True)
def with_int8(monkeypatch):
    monkeypatch.setattr(hardware, "has_int8", lambda: hardware.device() == "cpu")


def test_a_product_in_8_bits_by_hand():
    import torch

    # scales: 1 for the first row of weights (127 / 127), 2 for the second; 1 for the token
    linear = torch.nn.Linear(2, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[127.0, 1.4], [254.0, 3.2]]))
        linear.bias.copy_(torch.tensor([0.5, -1.0]))
        found = Int8Linear.of(linear)(torch.tensor([[127.0, -3.4]]))
    # 1.4 -> 1, 3.2 / 2 -> 2, -3.4 -> -3
    assert found.tolist() == [[127 * 127 - 3 + 0.5, 2 * (127 * 127 - 3 * 2) - 1.0]]


@pytest.mark.parametrize("then", ["none", "gelu"])
def test_a_calibrated_product_is_that_of_its_layer_within_its_steps(then):
    import torch

    if not int8_bert.has_kernels():
        pytest.skip("torch has no product of bytes here")
    torch.manual_seed(0)
    linear = torch.nn.Linear(32, 16)
    x = torch.randn(200, 32) * torch.logspace(-1, 1, 32) + torch.linspace(-3, 3, 32)
    watched = int8_bert.Watched(lambda x, then: linear(x))
    with torch.inference_mode():
        watched(x)
        calibrated = int8_bert.Calibrated(watched, linear)
        found = calibrated.product(calibrated.bytes(x), torch.float32, then)
        expected = torch.nn.functional.gelu(linear(x)) if then == "gelu" else linear(x)
    assert float((found - expected).norm() / expected.norm()) < 0.02


@pytest.mark.parametrize("kind", ["bert", "distilbert", "modernbert", "roberta"])
def test_int8_keeps_the_vectors_of_any_architecture_nearly(make_model, kind):
    path = make_model(kind)
    short, full = (encoder(path, wanted).encode(TEXTS).vectors for wanted in ("int8", "fp32"))
    assert not np.array_equal(short, full)
    assert np.einsum("nd,nd->n", short, full).min() > 0.99


def test_int8_tells_its_fidelity_and_keeps_it_in_the_home(tiny_bert, tmp_path, monkeypatch):
    told = encoder(tiny_bert, "int8", tmp_path).description
    assert told["precision"] == "int8" and FLOOR < told["fidelity_to_fp32"] < 1
    monkeypatch.setattr(precision, "measure", lambda *_: pytest.fail("measured again"))
    assert encoder(tiny_bert, "int8", tmp_path).description == told


def test_below_the_floor_int8_is_refused_in_one_line(tiny_bert, old_machine):
    old_machine(gain=3, fidelity=0.97)
    with pytest.raises(
        EncoderError, match=r"int8: the mean cosine to fp32 of .* would be 0.970, below 0.99; use"
    ) as told:
        encoder(tiny_bert, "int8")
    assert "\n" not in str(told.value)


def test_weights_that_are_not_finite_are_below_the_floor(tiny_bert, old_machine):
    old_machine(gain=3, fidelity=float("nan"))
    with pytest.raises(EncoderError, match="would be nan"):
        encoder(tiny_bert, "int8")


def test_without_8_bit_products_int8_is_one_line(tiny_bert, monkeypatch):
    monkeypatch.setattr(hardware, "has_int8", lambda: False)
    with pytest.raises(SettingsError, match=r"encoder\.precision int8: .* has no 8-bit products .*; use auto") as told:
        encoder(tiny_bert, "int8")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("gain", "fidelity", "expected"), [(2.4, 0.997, "int8"), (1.5, 0.997, "fp32"), (2.4, 0.98, "fp32")]
)
def test_auto_without_bf16_takes_int8_where_it_pays_and_is_true(
    tiny_bert, tmp_path, old_machine, gain, fidelity, expected
):
    old_machine(gain, fidelity)
    assert encoder(tiny_bert, "auto", tmp_path).description["precision"] == expected


def test_auto_keeps_to_what_it_has_chosen(tiny_bert, tmp_path, old_machine):
    old_machine(2.4)
    first = encoder(tiny_bert, "auto", tmp_path).fingerprint
    old_machine(1.0)
    assert encoder(tiny_bert, "auto", tmp_path).fingerprint == first
    assert encoder(tiny_bert, "auto", tmp_path / "other").fingerprint != first


@pytest.mark.parametrize(
    ("bf16", "int8", "expected"),
    [(1.8, 2.4, "bf16"), (1.8, 3.2, "int8"), (4, 4, "bf16"), (0.5, 1.9, "int8"), (1.1, 1.1, "fp32")],
)
def test_auto_with_both_takes_what_pays_by_a_margin(tiny_bert, tmp_path, new_machine, bf16, int8, expected):
    new_machine(bf16, int8)
    told = encoder(tiny_bert, "auto", tmp_path).description
    assert told["precision"] == expected
    assert told["fidelity_to_fp32"] == {"bf16": 0.9999, "int8": 0.998, "fp32": 1.0}[expected]


@pytest.mark.parametrize(("native", "expected"), [(True, "bf16"), (False, "fp32")])
def test_auto_does_not_measure_without_a_home_or_where_there_is_no_choice(
    tiny_bert, tmp_path, monkeypatch, native, expected
):
    monkeypatch.setattr(precision, "measure", lambda *_: pytest.fail("measured"))
    monkeypatch.setattr(hardware, "native_bf16", lambda: native)
    assert encoder(tiny_bert, "auto").description["precision"] == expected
    monkeypatch.setattr(hardware, "has_int8", lambda: False)
    if not native:
        assert encoder(tiny_bert, "auto", tmp_path).description["precision"] == "fp32"


def test_measuring_tells_both_of_each_format(tiny_bert):
    from interest_platform.embedding.model_folder import find_model

    found = precision.measure(find_model(str(tiny_bert), Path("/")), "mean", ["bf16", "int8"])
    assert list(found) == ["bf16", "int8"]
    assert all(FLOOR < each.fidelity < 1 and each.gain > 0 for each in found.values())
