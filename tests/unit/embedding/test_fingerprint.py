import pytest

from interest_platform.embedding import given_fingerprint, require_same_encoder
from interest_platform.errors import EncoderError, MixedEncodersError


def test_given_vectors_are_told_apart_by_name_and_length():
    assert given_fingerprint("clip", 512) == given_fingerprint("clip", 512)
    assert len({given_fingerprint("clip", 512), given_fingerprint("clip", 768), given_fingerprint("e5", 512)}) == 3
    assert given_fingerprint("clip", 512).startswith("given-")


def test_the_one_encoder_is_returned():
    assert require_same_encoder(iter(["transformer-1", "transformer-1"]), "user_interests") == "transformer-1"


def test_vectors_of_two_encoders_are_refused_with_both_named():
    with pytest.raises(MixedEncodersError) as error:
        require_same_encoder(["transformer-2", "given-1", "transformer-2"], "user_interests of 2002-07-01")
    message = str(error.value)
    assert message.startswith("user_interests of 2002-07-01: vectors of given-1 and transformer-2 can't be compared")
    assert "re-materialise" in message
    assert "encoder.precision" in message
    assert "\n" not in message


def test_no_encoder_at_all_is_an_error():
    with pytest.raises(EncoderError, match="no vector at all"):
        require_same_encoder([], "user_interests")
