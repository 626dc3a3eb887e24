import json
from pathlib import Path

import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder
from interest_platform.errors import EncoderError


def pooling_of(path: Path, stated: dict | None = None, wanted: str = "auto") -> object:
    if stated is not None:
        (path / "1_Pooling").mkdir(exist_ok=True)
        (path / "1_Pooling" / "config.json").write_text(json.dumps(stated))
    return load_encoder(EncoderSettings(model=str(path), pooling=wanted), Path("/")).description["pooling"]


def test_auto_is_the_mean_for_an_encoder_and_the_last_token_for_a_decoder(make_model):
    assert pooling_of(make_model("bert")) == "mean"
    assert pooling_of(make_model("gpt2")) == "last"
    bert = make_model("roberta")
    config = json.loads((bert / "config.json").read_text()) | {"architectures": ["SomethingForCausalLM"]}
    (bert / "config.json").write_text(json.dumps(config))
    assert pooling_of(bert) == "last"


@pytest.mark.parametrize(
    ("stated", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True, "include_prompt": True}, "mean"),
        ({"pooling_mode_lasttoken": True}, "last"),
        ({"embedding_dimension": 32, "pooling_mode": "lasttoken"}, "last"),
        ({"pooling_mode": ["cls"]}, "cls"),
        ({"pooling_mode_cls_token": False}, "mean"),
    ],
)
def test_auto_is_what_the_model_states_in_either_form(make_model, stated, pooling):
    assert pooling_of(make_model(), stated) == pooling


@pytest.mark.parametrize("stated", [{"pooling_mode": "weightedmean"}, {"pooling_mode": ["cls", "mean"]}])
def test_a_pooling_that_there_is_not_is_one_line_and_can_be_overruled(make_model, stated):
    path = make_model()
    with pytest.raises(
        EncoderError, match=r"asks for the pooling '.*', which there is not; set encoder.pooling"
    ) as told:
        pooling_of(path, stated)
    assert "\n" not in str(told.value)
    assert pooling_of(path, stated, "mean") == "mean"


def test_the_bundled_model_is_mean_pooled():
    assert load_encoder(EncoderSettings(), Path("/")).description["pooling"] == "mean"
