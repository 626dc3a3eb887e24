import polars as pl
import pytest

from interest_platform.text.addresses import host_only
from interest_platform.text.characters import legible, one_line


def hosts(text):
    return one_line(host_only(pl.Series([text])))[0]


def seen(text):
    return legible(pl.Series([text]))[0]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.example.org/a?b", "example.org"),
        ("http://user:secret@shop.example.com:8080/x#y", "shop.example.com"),
        ("www.example.org", "example.org"),
        ("HTTP://Example.ORG", "Example.ORG"),
        ("ftp://ftp.example.org/pub/", "ftp.example.org"),
        ("<URL:http://example.org/a>", "<example.org>"),
        ("http://bücher.example/ä?ö", "bücher.example"),
        ("http://localhost:3000/", "localhost"),
    ],
)
def test_a_url_is_its_host(url, host):
    assert hosts(f"see {url} there") == f"see {host} there"


def test_punctuation_after_a_url_stays():
    assert hosts("(see http://example.org/a.b). Or http://example.org!") == "(see example.org). Or example.org!"


def test_chinese_beside_a_url_or_a_mail_address_stays():
    assert hosts("看http://example.cn/x好") == "看example.cn好"
    assert hosts("请联系ann@example.cn谢谢") == "请联系 谢谢"


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org",
        "<ann.b+c@mail.example.org>",
        "mailto:ann@example.org",
        "müller@exämple.de",
        "me@localhost",
        "ann@e...",
        "o'hara@example.org",
        "ANN_B@EXAMPLE.ORG",
    ],
)
def test_mail_addresses_go(address):
    assert hosts(f"ask {address} now") == "ask now"


def test_an_at_sign_that_addresses_nobody_by_mail_stays():
    assert hosts("two @ home, @ann says") == "two @ home, @ann says"


def test_text_is_nfkc():
    assert seen("ｆｕｌｌ ﬁne Å①") == "full fine Å1"


def test_line_breaks_of_every_kind_are_newlines():
    assert seen("a\r\nb\rc\x0bd\x0ce\u2028f\u2029g") == "a\nb\nc\nd\ne\nf\ng"


def test_control_and_invisible_characters_go_but_joiners_stay():
    assert seen("a\x00b\x1b\u200bc\u00add\ufeffe\u202ef\ue000g") == "abcdefg"
    assert seen("می\u200cخواهم \U0001f468\u200d\U0001f469") == "می\u200cخواهم \U0001f468\u200d\U0001f469"


def test_windows_1252_read_as_latin_1_is_repaired():
    assert seen("it\x92s \x93good\x94 \x96 \x80 5") == "it’s “good” – € 5"


def test_an_acute_accent_used_as_apostrophe_is_one():
    assert seen("don´t") == "don't"


def test_white_space_is_one_space():
    assert one_line(pl.Series(["  a\n\t b\u3000c  "]))[0] == "a b c"
