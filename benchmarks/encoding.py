"""Encoding: this project's encoder beside sentence-transformers' default `encode`, on the same posts, in one process.

Each round runs them one after the other, and the processor's matrix-product ceiling beside them, so that what else the
machine does falls on all of them; ratios are medians over the rounds. `transformers' own forward` is our encoder with
the fused forward pass left out. `--memory` instead encodes 20,000 posts in a process of its own and prints its peak.
"""

import argparse
import dataclasses
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import Encoded, load_encoder
from interest_platform.embedding.hardware import device
from interest_platform.embedding.int8 import with_int8_linears
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.network import any_forward, load_model
from interest_platform.embedding.transformer import TransformerEncoder
from interest_platform.settings import home_folder
from interest_platform.sources.samples import sample_path

DATA = Path(__file__).parents[2] / "shared" / "data"
TOKEN_MFLOP = 21.2
"""Of the matrix products with weights: 6 layers x (4 x 384 x 384 + 2 x 384 x 1536) x 2."""
CEILING_SHAPE = (4096, 1536, 384)


def default_file() -> Path:
    """The fetched posts of the demo, else reviews from beside the checkout."""
    demo = sample_path("mailing-lists", home_folder() / "samples")
    return demo if demo.is_file() else DATA / "amazon_reviews_6cat.parquet"


def read_posts(file: Path, column: str, count: int) -> list[str]:
    """`count` different texts spread evenly over the file; numbered copies where it has fewer."""
    texts = pl.read_parquet(file, columns=[column]).to_series().cast(pl.String).drop_nulls()
    distinct = texts.filter(texts.str.strip_chars() != "").unique(maintain_order=True)
    chosen = distinct.gather_every(max(1, len(distinct) // count)).head(count).to_list()
    return [chosen[i] if i < len(chosen) else f"{chosen[i % len(chosen)]} {i}" for i in range(count)]


def ceiling(precision: str) -> float:
    """GFLOP/s (in int8 GOP/s) of the best of ten products of (4096, 1536) and (1536, 384) on all cores."""
    import torch

    rows, inner, columns = CEILING_SHAPE
    dtype = {"bf16": torch.bfloat16, "int8": torch.int8}.get(precision, torch.float32)
    a, b = (torch.randn(shape, device=device()).to(dtype) for shape in ((rows, inner), (columns, inner)))

    def product() -> None:
        torch._int_mm(a, b.t()) if precision == "int8" else torch.nn.functional.linear(a, b)
        if device() == "cuda":
            torch.cuda.synchronize()

    with torch.inference_mode():
        return 2 * rows * inner * columns / min(seconds(product) for _ in range(10)) / 1e9


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def plain_encoder(settings: EncoderSettings) -> TransformerEncoder:
    """Our encoder with transformers' own forward pass."""
    encoder = TransformerEncoder(settings, Path.cwd())
    fused = encoder.network
    precision = str(encoder.description["precision"])
    model = load_model(find_model(settings.model, Path.cwd()), precision)
    model = with_int8_linears(model) if precision == "int8" else model
    encoder.network = dataclasses.replace(fused, forward=any_forward(model.to(device())))
    return encoder


def compare(posts: list[str], settings: EncoderSettings, rounds: int) -> None:
    """Print each way's posts and tokens a second, its ratio to the rival, and its share of the ceiling."""
    from sentence_transformers import SentenceTransformer

    ours = load_encoder(settings, Path.cwd())
    rival = SentenceTransformer(str(find_model(settings.model, Path.cwd()).path))
    plain = plain_encoder(settings)
    rival.max_seq_length = int(ours.description["max_tokens"])
    ways: dict[str, Callable[[], object]] = {
        "sentence-transformers": lambda: rival.encode(posts),
        "transformers' own forward": lambda: plain.encode(posts),
        "this encoder": lambda: ours.encode(posts),
    }
    found = ours.encode(posts)  # also the warm-up
    rival.encode(posts[:32])
    tokens, precision = int(found.n_tokens.sum()), str(ours.description["precision"])
    print(f"{len(posts)} posts, {tokens / len(posts):.0f} tokens each, {found.truncated.mean():.0%} cut; {precision}")
    taken: dict[str, list[float]] = {way: [] for way in ways}
    ceilings = []
    for _ in range(rounds):
        for way, run in ways.items():
            taken[way].append(seconds(run))
            ceilings.append(ceiling(precision))
    top = statistics.median(ceilings)
    print(f"matrix ceiling {'x'.join(map(str, CEILING_SHAPE))}: {top:.0f} GFLOP/s")
    for way, times in taken.items():
        middle = statistics.median(times)
        ratio = statistics.median(b / t for b, t in zip(taken["sentence-transformers"], times, strict=True))
        share = tokens / middle * TOKEN_MFLOP / 1e3 / top
        print(
            f"  {way:26}{len(posts) / middle:7.1f} posts/s {tokens / middle:8.0f} tokens/s {ratio:5.2f} x {share:5.0%}"
        )
    print_agreement(posts, found, settings, rival.encode(posts[:100]))


def print_agreement(posts: list[str], found: Encoded, settings: EncoderSettings, theirs: np.ndarray) -> None:
    """Mean cosines to fp32 and to the rival's vectors, on up to 100 posts."""
    full = load_encoder(settings.model_copy(update={"precision": "fp32"}), Path.cwd()).encode(posts[:100]).vectors
    for name, other in (("fp32", full), ("sentence-transformers", theirs)):
        cosine = (found.vectors[:100] * other).sum(axis=1) / np.linalg.norm(other, axis=1)
        print(f"  mean cosine to {name}: {cosine.mean():.5f}")


def measure_memory(posts: list[str], settings: EncoderSettings) -> None:
    """Encode the posts and print this process's peak."""
    taken = seconds(lambda: load_encoder(settings, Path.cwd()).encode(posts))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"{len(posts)} posts in {taken:.0f} s, peak memory {peak / 1e9:.2f} GB")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parquet", type=Path, help="texts of your own (default: the demo's posts once fetched, else the reviews)"
    )
    parser.add_argument("--column", default="text", help="its column of texts (default: text)")
    parser.add_argument("--texts", type=int, help="how many (default: 400; with --memory 20000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--model", default="bundled", help="as encoder.model (default: bundled)")
    parser.add_argument(
        "--precision", default="auto", choices=["auto", "bf16", "fp32", "int8"], help="as encoder.precision"
    )
    parser.add_argument("--max-tokens", type=int, default=256, help="as encoder.max_tokens (default: 256)")
    parser.add_argument("--memory", action="store_true", help="measure peak memory instead of speed")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    file = arguments.parquet or default_file()
    if not file.is_file():
        parser.error(f"{file} is not there; name a Parquet file with --parquet FILE --column NAME")
    if arguments.memory and not arguments.here:
        sys.exit(subprocess.run([sys.executable, *sys.argv, "--here"], check=False).returncode)
    settings = EncoderSettings(model=arguments.model, precision=arguments.precision, max_tokens=arguments.max_tokens)
    posts = read_posts(file, arguments.column, arguments.texts or (20_000 if arguments.memory else 400))
    if arguments.memory:
        measure_memory(posts, settings)
    else:
        compare(posts, settings, arguments.rounds)


if __name__ == "__main__":
    main()
