import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from interest_platform import configuration
from interest_platform.configuration import Configuration, Section
from interest_platform.errors import SettingsError
from interest_platform.settings import find_config, load_settings, pseudonym_key, read_configuration, service_token

DOCS = Path(__file__).parent.parent.parent / "docs" / "configuration.md"
GOOD = """
sources:
  - name: reviews
    uri: "inbox/*.parquet"
    columns: {user_id: user_id, text: text, ts: ts, item_id: item_id, rating: rating, category: category, lang: lang}
    timezone: UTC
windows: {grain: week, start: 1993-04-05, end: 1993-05-24, lookback: 1, half_life_days: 14}
text: {languages: auto, stem: true, stop_words: true, max_chars: 20000}
encoder: {kind: transformer, model: bundled, precision: auto, max_tokens: 256}
interests: {per_user: 1, min_texts: 1}
clustering: {method: kmeans, k: auto, k_range: [2, 40], seed: 0}
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "interest.yaml"
    path.write_text(content)
    return path


def test_the_contracts_own_example_is_accepted(tmp_path):
    settings = load_settings({"INTEREST_CONFIG": str(written(tmp_path, GOOD)), "INTEREST_HOME": str(tmp_path / "h")})
    assert len(list(settings.grid)) == 7 and settings.home == tmp_path / "h"
    assert settings.resolve("inbox/*.parquet") == str(tmp_path / "inbox/*.parquet")
    assert settings.resolve("s3://bucket/x.parquet") == "s3://bucket/x.parquet"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lookback: 1", "lokback: 1", "unknown key windows.lokback; did you mean 'lookback'?"),
        (
            "grain: week",
            "grain: weak",
            "windows.grain: 'weak' is not allowed, should be 'day', 'week', 'month' or 'quarter'",
        ),
        ("1993-04-05", "1993-04-06", "must be a Monday"),
        ("timezone: UTC", "timezone: Mars", "'Mars' is no IANA time zone"),
        ("k: auto", "k: 0", "clustering.k: 0 is not allowed"),
        ("[2, 40]", "[9, 4]", "clustering.k_range: [9, 4] is not [low, high]"),
        ("precision: auto", "precision: fp16", "encoder.precision: 'fp16' is not allowed"),
        ("seed: 0", "seed: x", "clustering.seed: 'x' is not allowed"),
        ("user_id: user_id", "usr_id: user_id", "unknown key sources.0.columns.usr_id; did you mean 'user_id'?"),
        ("name: reviews", "name: identities", "'identities' is reserved"),
        ("sources:", "sources: [", "is not YAML"),
        ("text: text, ", "text: null, ", "columns needs `text` or `vector`"),
    ],
)
def test_a_wrong_setting_is_one_line_with_key_and_what_is_allowed(tmp_path, old, new, told):
    assert old in GOOD
    with pytest.raises(SettingsError) as error:
        read_configuration(written(tmp_path, GOOD.replace(old, new, 1)))
    assert told in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "just text", "- a\n- b", "\x00\x01garbage"])
def test_a_file_that_is_no_configuration_is_one_line(tmp_path, content):
    with pytest.raises(SettingsError) as error:
        read_configuration(written(tmp_path, content))
    assert "\n" not in str(error.value)


def test_sources_of_two_encoders_are_refused(tmp_path):
    source = "{name: %s, uri: x.parquet, columns: {vector: v, text: null}%s}"
    mixed = f"sources: [{source % ('a', '')}, {source % ('b', '')}]\nwindows: {{start: 2024-01-01}}"
    with pytest.raises(SettingsError, match="different encoders can't be compared"):
        read_configuration(written(tmp_path, mixed))
    same = (
        f"sources: [{source % ('a', ', encoder: m')}, {source % ('b', ', encoder: m')}]\nwindows: {{start: 2024-01-01}}"
    )
    assert read_configuration(written(tmp_path, same)).vector_encoder == "m"


def test_two_sources_of_one_name_are_refused(tmp_path):
    twice = yaml.safe_load(GOOD)
    twice["sources"] *= 2
    with pytest.raises(SettingsError, match="'reviews' is used twice"):
        read_configuration(written(tmp_path, yaml.safe_dump(twice)))


def test_without_a_configuration_the_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="interest demo"):
        find_config({"INTEREST_HOME": str(tmp_path / "h")})
    with pytest.raises(SettingsError, match="INTEREST_CONFIG: no file"):
        find_config({"INTEREST_CONFIG": "absent.yaml"})


def test_a_catalog_that_is_not_postgres_is_refused_without_showing_it(tmp_path):
    environ = {"INTEREST_CONFIG": str(written(tmp_path, GOOD)), "INTEREST_LAKE_CATALOG": "mysql:password=hush"}
    with pytest.raises(SettingsError) as error:
        load_settings(environ)
    assert "hush" not in str(error.value)
    environ["INTEREST_LAKE_CATALOG"] = "postgres:password=hush"
    assert "hush" not in repr(load_settings(environ))


def test_the_pseudonym_key_is_made_once_and_is_the_owners_alone(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = {k.get_secret_value() for k in pool.map(lambda _: pseudonym_key(tmp_path / "h", {}), range(8))}
    assert len(keys) == 1 and len(keys.pop()) == 64
    assert stat.S_IMODE((tmp_path / "h" / "pseudonym.key").stat().st_mode) == 0o600
    assert pseudonym_key(tmp_path, {"INTEREST_PSEUDONYM_KEY": "mine"}).get_secret_value() == "mine"


def test_the_services_token_is_that_of_the_environment_else_made_once(tmp_path):
    made, where = service_token(tmp_path / "h", {"INTEREST_SERVICE_TOKEN": " "})
    assert service_token(tmp_path / "h", {}) == (made, where)
    assert where == str(tmp_path / "h" / "service.token") and len(made.get_secret_value()) == 64
    assert stat.S_IMODE((tmp_path / "h" / "service.token").stat().st_mode) == 0o600
    given, where = service_token(tmp_path / "h", {"INTEREST_SERVICE_TOKEN": "sixteen-and-more"})
    assert (given.get_secret_value(), where) == ("sixteen-and-more", "INTEREST_SERVICE_TOKEN")


@pytest.mark.parametrize("token", ["short", "with spaces in between", "é" * 20, "line\nbreak" * 3])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_without_showing_it(tmp_path, token):
    with pytest.raises(SettingsError) as error:
        service_token(tmp_path, {"INTEREST_SERVICE_TOKEN": token})
    assert token not in str(error.value) and "INTEREST_SERVICE_TOKEN: must be 16" in str(error.value)


def test_every_key_is_described_and_documented_in_one_place():
    text = DOCS.read_text()
    for section in [*Section.__subclasses__(), Configuration]:
        assert section.__module__ == configuration.__name__
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name} has no description"
            assert f"`{name}`" in text and field.description in text, f"docs/configuration.md lacks {name}"
