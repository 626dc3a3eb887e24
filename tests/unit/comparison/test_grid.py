"""What a grid expands to, what it leaves out and says so, and what it refuses."""

import pytest
from pydantic import ValidationError

from interest_platform.comparison import Contestant, expand
from interest_platform.comparison.contestants import contestants, encoder_name, without_doubles
from interest_platform.comparison.grid import compared_windows
from interest_platform.configuration import Configuration, EncoderSettings
from interest_platform.errors import EncoderError, SettingsError


def config(comparison=None, **more):
    told = {"sources": [{"name": "s", "uri": "x.csv"}], "windows": {"start": "2024-01-01", "end": "2024-02-05"}}
    return Configuration.model_validate(told | more | ({"comparison": comparison} if comparison else {}))


def cells(*arguments, **more):
    return [(cell.method, cell.k_rule) for cell in expand(config(*arguments, **more)).cells]


def test_without_a_word_on_it_the_grid_is_the_lines_own_clustering():
    assert cells() == [("kmeans", "split_or_knee")]
    assert cells(clustering={"k": 7}) == [("kmeans", "k=7")]
    assert cells(clustering={"method": "hdbscan", "min_cluster_size": 5}) == [("hdbscan", "density")]


def test_every_method_meets_every_rule_and_every_k():
    told = {"methods": ["kmeans", "hierarchical"], "k_rules": ["elbow", "gap"], "ks": [3]}
    assert cells(told) == [(m, r) for m in ("kmeans", "hierarchical") for r in ("elbow", "gap", "k=3")]


def test_given_ks_alone_leave_the_lines_rule_out():
    assert cells({"ks": [3, 5]}) == [("kmeans", "k=3"), ("kmeans", "k=5")]


def test_hdbscan_runs_once_and_the_grid_says_so():
    grid = expand(config({"methods": ["hdbscan", "kmeans"], "k_rules": ["elbow", "gap"], "min_cluster_size": 4}))
    assert [cell.k_rule for cell in grid.cells] == ["density", "elbow", "gap"]
    assert grid.cells[0].settings.min_cluster_size == 4
    assert grid.notes == ("hdbscan finds k itself: it runs once, without k_rules and ks",)


def test_a_rule_that_a_method_can_not_obey_is_left_out_and_told():
    grid = expand(config({"methods": ["hierarchical", "kmeans"], "k_rules": ["bic", "elbow"]}))
    assert [(c.method, c.k_rule) for c in grid.cells] == [
        ("hierarchical", "elbow"),
        ("kmeans", "bic"),
        ("kmeans", "elbow"),
    ]
    assert grid.notes[0].startswith("hierarchical does not run with bic: k_rule bic needs a likelihood")


def test_a_method_with_nothing_left_is_refused():
    with pytest.raises(SettingsError, match=r"^comparison\.k_rules: nothing is left for hierarchical: .*likelihood"):
        expand(config({"methods": ["hierarchical"], "k_rules": ["bic"]}))


def test_all_but_method_and_k_is_as_clustering_says():
    given = {"seed": 3, "k_range": [2, 9], "n_init": 4, "reduction": "pca", "dimensions": 7}
    [cell] = expand(config({"methods": ["gaussian-mixture"], "k_rules": ["bic"]}, clustering=given)).cells
    told = cell.settings.model_dump(include=set(given)) | {"k_range": list(cell.settings.k_range)}
    assert told == given


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        ({"methods": ["kmeans", "kmeans"]}, "'kmeans' is named twice"),
        ({"encoders": [{"kind": "static"}, {"kind": "static"}]}, "encoder 1 is named twice"),
        ({"start": "2024-01-02"}, "comparison.start: 2024-01-02 is where no window begins or ends"),
        ({"start": "2024-01-15", "end": "2024-01-15"}, "comparison.end: 2024-01-15 is not after"),
        ({"encoders": [{"kind": "tfidf", "train": {"end": "2024-01-03"}}]}, "comparison.encoders.0.train.end"),
        ({"encoders": [{"kind": "api"}]}, "kind 'api' needs `model`"),
    ],
)
def test_a_wrong_comparison_is_refused_where_it_is_read(comparison, told):
    with pytest.raises(ValidationError, match=told):
        config(comparison)


def test_encoders_beside_vectors_of_the_sources_are_refused():
    sources = [{"name": "s", "uri": "x.csv", "columns": {"vector": "v"}}]
    with pytest.raises(ValidationError, match="the sources bring their own vectors"):
        config({"encoders": [{"kind": "static"}]}, sources=sources)


def test_windows_are_those_of_the_line_unless_the_comparison_says_less():
    assert [w.key for w in compared_windows(config({"start": "2024-01-08", "end": "2024-01-22"}))] == [
        "2024-01-08",
        "2024-01-15",
    ]
    assert len(list(compared_windows(config()))) == 5


def test_an_encoder_that_can_not_be_loaded_is_told_with_its_place(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    asked = {"kind": "api", "model": "m", "api": {"base_url": "http://127.0.0.1:1/v1"}}
    with pytest.raises(SettingsError, match=r"^comparison\.encoders\.1: encoder\.api\.key_variable: .* is not set"):
        contestants(config({"encoders": [{"kind": "tfidf"}, asked]}), tmp_path, tmp_path)
    with pytest.raises(EncoderError, match=r"^comparison\.encoders\.0: "):
        contestants(config({"encoders": [{"model": "./nowhere"}]}), tmp_path, tmp_path)


def test_int8_on_a_machine_without_it_is_told_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("interest_platform.embedding.hardware.has_int8", lambda: False)
    with pytest.raises(SettingsError, match=r"^comparison\.encoders\.0: encoder\.precision int8: "):
        contestants(config({"encoders": [{"precision": "int8"}]}), tmp_path, tmp_path)


class Named:
    """An encoder with no more than a fingerprint."""

    def __init__(self, fingerprint):
        self.fingerprint = fingerprint


def test_two_settings_that_come_to_one_encoder_run_once():
    found = [Contestant(name, None, Named(print_)) for name, print_ in (("a", "x"), ("b", "y"), ("c", "x"))]
    kept, notes = without_doubles(found)
    assert [each.name for each in kept] == ["a", "b"]
    assert notes == ["c is the same encoder as a here: it runs once"]


def test_an_encoders_name_tells_what_its_settings_say():
    assert encoder_name(EncoderSettings()) == "transformer bundled"
    assert (
        encoder_name(EncoderSettings(precision="fp32", pooling="cls"))
        == "transformer bundled precision=fp32 pooling=cls"
    )
    api = {"base_url": "https://host.example:8/v1", "key_variable": None}
    assert encoder_name(EncoderSettings(kind="api", model="m", api=api)) == "api m at host.example:8"
