"""Names that stay and say something: figures of a home's segments, on real texts.

    python benchmarks/names.py                             the demo, Amazon by month, Stack Exchange by quarter
    python benchmarks/names.py --folder FOLDER             a folder with interest.yaml, and in `home` the home of a run

The same name: share of survivals in which a segment is called as in its last window. The usual name: share of a
segment's windows in which it has its most usual one. NPMI: mean normalised pointwise mutual information of the ten best
terms of a segment's last window, by documents of every second text, which no score has seen apart from the others'.
Diversity: distinct terms over terms of all segments' ten best. Praise: names with a word of a list of sentiment words.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parent.parent / "tests"):
    sys.path.insert(0, str(folder))

import polars as pl  # noqa: E402
from dynamics_line import _interest, _queried  # noqa: E402
from real_segments import SETS, configured  # noqa: E402

from interest_platform.text.coherence import npmi, term_diversity  # noqa: E402

PRAISE = """
great good excellent best better nice love loved loves like liked perfect awesome amazing wonderful
fantastic happy bad worst poor terrible horrible awful disappointed disappointing hate thanks thank
please sorry recommend recommended highly pleased satisfied beautiful easy fast quick shipping
delivery arrived
"""
NAMES = "SELECT window_start w, segment_id s, name FROM segment_identities ORDER BY ALL"
TERMS = "SELECT window_start w, segment_id s, term, rank FROM segment_terms WHERE rank <= 10 ORDER BY ALL"
TOKENS = "SELECT tokens FROM cleaned_tokens ORDER BY text_hash, text_id"


def main() -> None:
    """Read the arguments, then a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--folder", type=Path, help="a folder with interest.yaml, and in `home` the home of a run")
    given = parser.parse_args()
    print("same name | usual name | NPMI of ten terms | diversity | names of praise | names")
    if given.folder:
        if not (given.folder / "home").is_dir():
            parser.error(f"{given.folder} has no folder `home`: run `interest run` there with INTEREST_HOME=home")
        print(f"{given.folder.name:14} {figures(given.folder)}")
        return
    for name in given.sets:
        with tempfile.TemporaryDirectory() as folder:
            run(name, Path(folder))
            print(f"{name:14} {figures(Path(folder))}", flush=True)


def run(name: str, folder: Path) -> None:
    """A home of the set in the folder, run with default settings."""
    configured(SETS[name](), folder)
    _interest(folder, "run", "--no-publish")


def figures(folder: Path) -> str:
    """The figures of the home in the folder."""
    names = _queried(folder, NAMES)
    last = pl.col("name").shift(1).over("s")
    pairs = names.sort("s", "w").with_columns(last=last).drop_nulls("last")
    same = (pairs["name"] == pairs["last"]).mean()
    usual = names.group_by("s", "name").agg(n=pl.len()).group_by("s").agg(most=pl.col("n").max(), of=pl.col("n").sum())
    terms = _queried(folder, TERMS)
    ten = terms.filter(pl.col("w") == pl.col("w").max().over("s")).sort("s", "rank")
    lists = [of["term"].to_list() for _, of in ten.group_by("s", maintain_order=True)]
    held = _queried(folder, TOKENS).gather_every(2)["tokens"]
    told = [value for value in npmi([[t for t in each if " " not in t] for each in lists], held) if value is not None]
    coherence = sum(told) / len(told) if told else float("nan")
    spread = term_diversity([of["term"].to_list() for _, of in _newest(terms)])
    praise = sum(bool(set(PRAISE.split()) & set(name.replace(",", " ").split())) for name in names["name"].unique())
    share = usual["most"].sum() / max(int(usual["of"].sum()), 1)
    return f"{same:.2f} | {share:.2f} | {coherence:.2f} | {spread or 0:.2f} | {praise} | {names['name'].n_unique()}"


def _newest(terms: pl.DataFrame) -> list[tuple[object, pl.DataFrame]]:
    newest = terms.filter(pl.col("w") == terms["w"].max())
    return list(newest.sort("s", "rank").group_by("s", maintain_order=True))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
