"""The static encoder beside its parent's default `encode` by sentence-transformers, on the same posts, in one process.

Prints how long distilling took, posts a second of each, their ratio, and, where the package model2vec is installed, the
speed of its own model over the very same table.
"""

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from encoding import default_file, read_posts, seconds

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.static import StaticEncoder


def compare(posts: list[str], settings: EncoderSettings, slow: int, rounds: int) -> None:
    """Print the speeds; the rival reads only the first `slow` posts, and all are a random order of one set."""
    from sentence_transformers import SentenceTransformer

    rival = SentenceTransformer(str(find_model(settings.model, Path.cwd()).path))
    rival.max_seq_length = settings.max_tokens
    rival.encode(posts[:32])
    with TemporaryDirectory() as home:
        ours = StaticEncoder(settings, Path.cwd(), Path(home))
        print(f"distilled {settings.model} in {seconds(lambda: ours.encode(posts[:1])):.1f} s, once")
        taken = [
            (seconds(lambda: rival.encode(posts[:slow])), seconds(lambda: ours.encode(posts))) for _ in range(rounds)
        ]
        theirs, own = (statistics.median(times) for times in zip(*taken, strict=True))
        ratio = statistics.median(t / slow * len(posts) / o for t, o in taken)
        print(f"  sentence-transformers {slow / theirs:9.1f} posts/s")
        print(f"  static                {len(posts) / own:9.1f} posts/s {ratio:6.0f} x")
        print_model2vec(posts, ours, rounds)


def print_model2vec(posts: list[str], ours: StaticEncoder, rounds: int) -> None:
    """The package's own inference over our table, where it is installed."""
    try:
        from model2vec import StaticModel
    except ImportError:
        return
    from tokenizers import Tokenizer

    table, _, reader = ours._model
    limit = int(ours.description["max_tokens"])
    rival = StaticModel(table.numpy(), Tokenizer.from_str(reader._tokenizer.to_str()), max_length=limit)
    own = ours.encode(posts).vectors
    taken = statistics.median(seconds(lambda: rival.encode(posts)) for _ in range(rounds))
    theirs = rival.encode(posts)
    cosine = (own * theirs).sum(axis=1) / np.maximum(np.linalg.norm(theirs, axis=1), 1e-9)
    print(f"  model2vec             {len(posts) / taken:9.1f} posts/s, median cosine to ours {np.median(cosine):.4f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parquet", type=Path, default=default_file(), help="texts (default: the demo's, else reviews)"
    )
    parser.add_argument("--column", default="text", help="its column of texts (default: text)")
    parser.add_argument("--texts", type=int, default=4_000, help="how many (default: 4000)")
    parser.add_argument("--slow", type=int, default=400, help="of them for sentence-transformers (default: 400)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--model", default="bundled", help="the parent, as encoder.model (default: bundled)")
    arguments = parser.parse_args()
    if not arguments.parquet.is_file():
        parser.error(f"{arguments.parquet} is not there; name a Parquet file with --parquet FILE --column NAME")
    posts = read_posts(arguments.parquet, arguments.column, arguments.texts)
    order = np.random.default_rng(0).permutation(len(posts))
    settings = EncoderSettings(kind="static", model=arguments.model)
    compare([posts[i] for i in order], settings, arguments.slow, arguments.rounds)


if __name__ == "__main__":
    main()
