"""Settings that do not go together, from the command line: one line, before anything is written."""

import faulthandler
import os
import re
import sys
from pathlib import Path

import pytest
from support import CONFIG, make_workplace

from interest_platform import cli
from interest_platform.embedding import hardware

API = "kind: api, model: m, api: {base_url: 'http://127.0.0.1:9/v1'}"

SETTINGS = {
    "hdbscan with k": (
        "clustering: {method: hdbscan, k: 5}",
        "clustering: hdbscan finds how many clusters there are: leave out k: 5, set min_cluster_size",
    ),
    "hdbscan with a rule": (
        "clustering: {method: hdbscan, k_rule: elbow}",
        "clustering: hdbscan .* leave out k_rule: ",
    ),
    "bic of what has no likelihood": (
        "clustering: {method: hierarchical, k_rule: bic}",
        "clustering: k_rule bic .* hierarchical .*take another rule or method",
    ),
    "a key of another method": (
        "clustering: {min_cluster_size: 5}",
        "clustering: min_cluster_size is read by method hdbscan alone: leave it out with kmeans",
    ),
    "dimensions of no reduction": (
        "clustering: {dimensions: 5}",
        "clustering: dimensions needs .* leave dimensions out",
    ),
    "a range the wrong way round": (
        "clustering: {k_range: [9, 2]}",
        r"clustering.k_range: \[9, 2\] is not \[low, high\]",
    ),
    "no number": ("clustering: {k: many}", "clustering.k: 'many' is not allowed, should be 'auto' or a valid integer$"),
    "a method there is not": (
        "clustering: {method: dbscan}",
        "clustering.method: 'dbscan' is not allowed, .*'kmeans', ",
    ),
    "a rule there is not": ("clustering: {k_rule: knee}", "clustering.k_rule: 'knee' is not allowed, .*'split_test', "),
    "an encoder there is not": ("encoder: {kind: openai}", "encoder.kind: 'openai' is not allowed, .*'transformer', "),
    "a precision there is not": ("encoder: {precision: fp16}", "encoder.precision: 'fp16' is not allowed, .* 'int8'$"),
    "a key of another encoder": (
        "encoder: {kind: tfidf, precision: int8}",
        "encoder: the key 'precision' has no meaning for kind 'tfidf'; its keys: dimension, train",
    ),
    "training between windows": (
        "encoder: {kind: tfidf, train: {start: 2024-01-03}}",
        "encoder.train.start: 2024-01-03 is where no window begins or ends; windows are weeks from 2024-01-01 ",
    ),
    "api without an endpoint": ("encoder: {kind: api, model: m}", "encoder: kind 'api' needs `model`, .* and `api`, "),
}
"""Refused as the file is read."""

MACHINE = {
    "api without key": (
        f"encoder: {{{API}}}",
        2,
        "encoder.api.key_variable: the environment variable OPENAI_API_KEY is not set; put the endpoint's key there, ",
    ),
    "int8 without it": (
        "encoder: {precision: int8}",
        2,
        "encoder.precision int8: .* has no 8-bit products .*; use auto$",
    ),
    "word2vec not trained": (
        "encoder: {kind: word2vec}",
        1,
        r"encoder.kind word2vec: is not trained, and 2 windows of .* \(first: 2024-01-08\); run `interest train`, ",
    ),
    "no model": ("encoder: {model: ./none}", 1, "encoder.model: no folder .*none; give a folder with config.json "),
    "no parent": ("encoder: {kind: static, model: ./none}", 1, "encoder.model: no folder .*none; give a folder with "),
}
"""What the environment or the machine lacks, with the exit code."""


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and what was said of `interest run` over the first of three windows."""
    for name in [name for name in os.environ if name.startswith(("INTEREST_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INTEREST_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(faulthandler, "enable", lambda: None)  # wants a real file for standard error
    monkeypatch.setattr(sys, "argv", ["interest", "run", "--to", "2024-01-08", "--no-publish"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """The exit code and the one line of a run with that section; no window is loaded."""

    def tell(section: str) -> tuple[int, str]:
        key = section.partition(":")[0]
        others = [line for line in CONFIG.splitlines() if not line.startswith(key)]
        folder = make_workplace(tmp_path, "\n".join([*others, section]))
        code, said = run(folder, monkeypatch, capsys)
        assert said.startswith("error: ") and said.count("\n") == 1, said
        return code, said.removeprefix("error: ").rstrip()

    return tell


@pytest.mark.parametrize("case", SETTINGS)
def test_what_does_not_go_together_is_one_line_and_exit_code_2(told, case):
    section, expected = SETTINGS[case]
    code, line = told(section)
    assert code == 2 and re.match(f"interest.yaml: {expected}", line), line


@pytest.mark.parametrize("case", MACHINE)
def test_what_is_lacking_is_one_line_before_the_first_window(told, monkeypatch, case):
    monkeypatch.setattr(hardware, "has_int8", lambda: False)
    section, expected_code, expected = MACHINE[case]
    code, line = told(section)
    assert code == expected_code and re.match(expected, line), line
