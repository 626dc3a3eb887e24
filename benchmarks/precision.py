"""Number formats of the transformer on a CPU: ours beside those of torchao, ONNX Runtime and OpenVINO, one process.

Every way gets the same tokens in the same batches, a batch a core, and only the forward pass is another one. Each
round runs them one after the other; texts a second are of the median round. Printed as well: mean and least cosine to
our fp32, and what sharing a batch does to a text's vector: the largest difference of a coordinate and the largest
1 - cosine between the text alone and among the others. A package that is not there is told and left out; they are no
part of this project (`pip install torchao onnxruntime onnx onnxscript openvino nncf`, in an environment of its own).
"""

import argparse
import dataclasses
import logging
import os
import statistics
import threading
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from encoding import default_file, read_posts, seconds

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding.hardware import cpu_name
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.network import Forward, any_forward, load_model
from interest_platform.embedding.transformer import TransformerEncoder

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
CALIBRATION = 300
"""Texts that NNCF sets its scales on: the default number of its own."""
ALONE = 8
"""Texts that are encoded alone as well."""

Way = Callable[[Any, list[str]], Forward]
"""Makes the forward pass from a model in fp32 and texts to calibrate on."""


class Hidden(torch.nn.Module):
    """The model as a function of three tensors, for exporters."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
        """The last hidden state."""
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state


def three(ids: Any, mask: Any, types: Any) -> dict[str, np.ndarray]:
    """The inputs by name, as numpy."""
    kinds = torch.zeros_like(ids) if types is None else types
    return {name: each.numpy() for name, each in zip(INPUTS, (ids, mask, kinds), strict=True)}


def torchao(compiled: bool) -> Way:
    """`Int8DynamicActivationInt8WeightConfig`: the scheme of our own int8."""

    def make(model: Any, texts: list[str]) -> Forward:
        from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

        quantize_(model, Int8DynamicActivationInt8WeightConfig())
        return any_forward(torch.compile(model, dynamic=True) if compiled else model)

    return make


def onnx_runtime(quantised: bool) -> Way:
    """Exported by `torch.onnx`; quantised by `quantize_dynamic`, weights by output channel."""

    def make(model: Any, texts: list[str]) -> Forward:
        import onnxruntime

        with TemporaryDirectory() as folder:
            path = export(model, Path(folder))
            if quantised:
                from onnxruntime.quantization import QuantType, quantize_dynamic

                whole, path = path, Path(folder) / "int8.onnx"
                quantize_dynamic(whole, path, per_channel=True, weight_type=QuantType.QInt8)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        return lambda *inputs: torch.from_numpy(session.run(None, three(*inputs))[0])

    return make


def export(model: Any, folder: Path) -> Path:
    """The model as an ONNX file for any number and length of texts."""
    path = folder / "model.onnx"
    axes = {name: {0: "n", 1: "t"} for name in INPUTS}
    example = tuple(torch.ones(2, 16, dtype=torch.int64) for _ in INPUTS)
    torch.onnx.export(
        Hidden(model), example, path, input_names=list(INPUTS), dynamic_axes=axes, opset_version=17, dynamo=False
    )
    return path


def openvino(precision: str) -> Way:
    """Converted by `openvino.convert_model`; for int8 weights and activations quantised by `nncf.quantize`."""

    def make(model: Any, texts: list[str]) -> Forward:
        import openvino as ov

        example = {name: torch.ones(2, 16, dtype=torch.int64) for name in INPUTS}
        found = ov.convert_model(Hidden(model), example_input=example)
        if precision == "int8":
            found = calibrated(found, texts)
        cores = torch.get_num_threads()
        hints = {"NUM_STREAMS": cores, "INFERENCE_NUM_THREADS": cores}
        hints["INFERENCE_PRECISION_HINT"] = "bf16" if precision == "bf16" else "f32"
        compiled, own = ov.Core().compile_model(found, "CPU", hints), threading.local()

        def forward(*inputs: Any) -> torch.Tensor:
            if not hasattr(own, "request"):
                own.request = compiled.create_infer_request()
            return torch.from_numpy(own.request.infer(three(*inputs))[0].copy())

        return forward

    return make


def calibrated(model: Any, texts: list[str]) -> Any:
    """The OpenVINO model with scales set on the texts."""
    import nncf

    read = calibration_reader(texts)
    return nncf.quantize(
        model, nncf.Dataset(texts, read), model_type=nncf.ModelType.TRANSFORMER, subset_size=CALIBRATION
    )


def calibration_reader(texts: list[str]) -> Callable[[str], dict[str, np.ndarray]]:
    """A text to the model's inputs."""
    tokenizer = TransformerEncoder(EncoderSettings(precision="fp32"), Path.cwd()).network.tokenizer
    return lambda text: dict(tokenizer(text, truncation=True, max_length=256, return_tensors="np"))


FULL = "ours, fp32"
WAYS: dict[str, tuple[tuple[str, ...], Way | None]] = {
    FULL: ((), None),
    "ours, bf16": ((), None),
    "ours, int8": ((), None),
    "torchao, int8": (("torchao",), torchao(False)),
    "torchao, int8, compiled": (("torchao",), torchao(True)),
    "ONNX Runtime, fp32": (("onnxruntime", "onnx"), onnx_runtime(False)),
    "ONNX Runtime, int8": (("onnxruntime", "onnx"), onnx_runtime(True)),
    "OpenVINO, fp32": (("openvino",), openvino("fp32")),
    "OpenVINO, bf16": (("openvino",), openvino("bf16")),
    "OpenVINO, int8": (("openvino", "nncf"), openvino("int8")),
}
"""What it is called, the packages it needs, and how it is made."""


def make(name: str, settings: EncoderSettings, texts: list[str]) -> TransformerEncoder | None:
    """Our encoder with that forward pass; `None`, and a line on it, where a package is missing or it fails."""
    packages, way = WAYS[name]
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        print(f"  {name:26}not measured: {', '.join(missing)} not installed (pip install {' '.join(missing)})")
        return None
    precision = name.rpartition(" ")[2] if way is None else "fp32"
    encoder = TransformerEncoder(settings.model_copy(update={"precision": precision}), Path.cwd())
    if way is not None:
        model = load_model(find_model(settings.model, Path.cwd()), "fp32")
        encoder.network = dataclasses.replace(encoder.network, forward=way(model, texts))
    encoder.encode(texts)  # the warm-up, of every shape there is
    return encoder


def compare(texts: list[str], settings: EncoderSettings, names: list[str], rounds: int) -> None:
    """Print a line for each way."""
    made = {name: encoder for name in names if (encoder := make(name, settings, texts)) is not None}
    taken: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, encoder in made.items():
            taken[name].append(seconds(lambda encoder=encoder: encoder.encode(texts)))
    full = made[FULL].encode(texts).vectors
    for name, encoder in made.items():
        found = encoder.encode(texts).vectors
        middle = statistics.median(taken[name])
        ratio = statistics.median(f / t for f, t in zip(taken[FULL], taken[name], strict=True))
        cosine = np.einsum("nd,nd->n", found.astype(float), full.astype(float))
        difference, angle = of_batch(encoder, texts, found)
        print(
            f"  {name:26}{len(texts) / middle:7.1f} texts/s {ratio:5.2f} x  cosine {cosine.mean():.5f}, "
            f"least {cosine.min():.5f}  alone: {difference:.0e}, {angle:.0e}"
        )


def of_batch(encoder: TransformerEncoder, texts: list[str], found: np.ndarray) -> tuple[float, float]:
    """The largest difference, and 1 - cosine, between a text's vector alone and among the others."""
    chosen = list(range(0, len(texts), max(1, len(texts) // ALONE)))
    alone = np.concatenate([encoder.encode([texts[i]]).vectors for i in chosen]).astype(float)
    among = found[chosen].astype(float)
    cosine = np.einsum("nd,nd->n", alone, among) / np.linalg.norm(alone, axis=1) / np.linalg.norm(among, axis=1)
    return float(np.abs(alone - among).max()), float((1 - cosine).max())


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parquet", type=Path, default=default_file(), help="texts (default: the demo's, else reviews)"
    )
    parser.add_argument("--column", default="text", help="its column of texts (default: text)")
    parser.add_argument("--texts", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--model", default="bundled", help="as encoder.model (default: bundled)")
    parser.add_argument("--only", nargs="*", default=[], help="words of the ways to measure beside fp32 (default: all)")
    arguments = parser.parse_args()
    if not arguments.parquet.is_file():
        parser.error(f"{arguments.parquet} is not there; name a Parquet file with --parquet FILE --column NAME")
    texts = read_posts(arguments.parquet, arguments.column, arguments.texts)
    names = [n for n in WAYS if n == FULL or not arguments.only or any(w in n for w in arguments.only)]
    warnings.filterwarnings("ignore")  # of exporters, on themselves
    logging.disable(logging.WARNING)
    print(f"{len(texts)} texts, {cpu_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    compare(texts, EncoderSettings(model=arguments.model), names, arguments.rounds)


if __name__ == "__main__":
    main()
