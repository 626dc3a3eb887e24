import json
import shutil
import time
from pathlib import Path

import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder, model_folder
from interest_platform.errors import EncoderError


def load(name: str, folder: Path = Path("/"), **settings):
    return load_encoder(EncoderSettings(model=name, precision="fp32", **settings), folder)


@pytest.fixture(autouse=True)
def empty_hub(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def copy(source: Path, target: Path, *without: str) -> Path:
    shutil.copytree(source, target)
    for name in without:
        (target / name).unlink()
    return target


def refusal(path: Path) -> str:
    with pytest.raises(EncoderError) as error:
        load(str(path))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_relative_folder_starts_where_the_caller_says(tiny_bert):
    assert load("bert", tiny_bert.parent).fingerprint == load(str(tiny_bert)).fingerprint
    assert load("./bert", tiny_bert.parent).description["revision"] == "local"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EncoderError, match=f"no folder {tmp_path}/models/x; give a folder with config.json"):
        load("./models/x", tmp_path)


def test_a_name_that_can_not_be_had_is_one_line_and_fast(tmp_path):
    start = time.monotonic()
    with pytest.raises(EncoderError, match=r"'some-org/no-such-model' is no folder .* Hugging Face name") as error:
        load("some-org/no-such-model", tmp_path)
    assert "\n" not in str(error.value)
    assert time.monotonic() - start < 5


def test_a_name_in_the_hubs_cache_is_used_offline_with_its_commit(tiny_bert, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--org--tiny"
    copy(tiny_bert, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    encoder = load("org/tiny", tmp_path)
    assert encoder.description["revision"] == commit
    assert encoder.fingerprint == load(str(tiny_bert)).fingerprint


def test_a_folder_without_configuration_weights_or_tokenizer_is_refused(tiny_bert, tmp_path):
    assert "no config.json in" in refusal(copy(tiny_bert, tmp_path / "a", "config.json"))
    assert "no model.safetensors in" in refusal(copy(tiny_bert, tmp_path / "b", "model.safetensors"))
    bare = copy(tiny_bert, tmp_path / "c", *[f.name for f in tiny_bert.glob("tokenizer*")])
    for file in bare.iterdir():
        if file.name not in ("config.json", "model.safetensors"):
            file.unlink()
    assert "no tokenizer" in refusal(bare)


def test_pickled_weights_are_refused(tiny_bert, tmp_path):
    path = copy(tiny_bert, tmp_path / "pickled", "model.safetensors")
    (path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    assert "only pytorch_model.bin, which is a pickle" in refusal(path)


def test_a_configuration_that_is_no_json_is_refused(tiny_bert, tmp_path):
    path = copy(tiny_bert, tmp_path / "broken")
    (path / "config.json").write_text("{")
    assert "config.json can't be read" in refusal(path)
    (path / "config.json").write_text('{"model_type": "bert"}')
    assert "config.json has none of hidden_size" in refusal(path)


def test_shards_are_hashed_and_a_missing_one_refused(tiny_bert, tmp_path):
    from safetensors.torch import load_file, save_file

    path = copy(tiny_bert, tmp_path / "shards")
    weights = load_file(path / "model.safetensors")
    (path / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for file, keys in parts.items():
        save_file({k: weights[k] for k in keys}, path / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {k: file for file, keys in parts.items() for k in keys}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    whole, sharded = load(str(tiny_bert)), load(str(path))
    assert whole.fingerprint != sharded.fingerprint
    assert (whole.encode(["the cat"]).vectors == sharded.encode(["the cat"]).vectors).all()
    (path / "two.safetensors").unlink()
    assert "no two.safetensors, which the index" in refusal(path)


def test_the_bundled_model_is_the_official_one():
    encoder = load("bundled")
    assert encoder.dimension == 384
    assert encoder.description["weights_sha256"] == model_folder.BUNDLED_SHA256
    assert encoder.description["revision"] == "1110a243"


def test_other_weights_in_the_bundled_package_are_refused(monkeypatch):
    monkeypatch.setattr(model_folder, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="not the official 0000"):
        load("bundled")


def test_an_absent_bundled_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(model_folder, "BUNDLED_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match="package no-such-package is not installed"):
        load("bundled")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: (p / "config.json").write_text((p / "config.json").read_text().replace('"gelu"', '"relu"')),
        lambda p: (p / "tokenizer.json").write_text((p / "tokenizer.json").read_text().replace("kernel", "colonel")),
        lambda p: (p / "model.safetensors").write_bytes((p / "model.safetensors").read_bytes()[:-4] + b"\0\0\0\1"),
    ],
    ids=["config", "tokenizer", "weights"],
)
def test_every_file_that_decides_a_vector_is_in_the_fingerprint(tiny_bert, tmp_path, change):
    path = copy(tiny_bert, tmp_path / "changed")
    assert load(str(path)).fingerprint == load(str(tiny_bert)).fingerprint
    change(path)
    assert load(str(path)).fingerprint != load(str(tiny_bert)).fingerprint


def test_other_files_and_the_batch_size_are_not_in_the_fingerprint(tiny_bert, tmp_path):
    path = copy(tiny_bert, tmp_path / "same")
    (path / "README.md").write_text("about")
    assert load(str(path), batch_tokens=64).fingerprint == load(str(tiny_bert)).fingerprint


def test_precision_and_length_limit_are_in_the_fingerprint(tiny_bert):
    def of(**settings):
        return load_encoder(EncoderSettings(model=str(tiny_bert), **settings), Path("/")).fingerprint

    assert len({of(precision="fp32"), of(precision="bf16"), of(precision="fp32", max_tokens=16)}) == 3
    # both are more than the model's 66 positions
    assert of(precision="fp32", max_tokens=100) == of(precision="fp32", max_tokens=200)
