from textwrap import dedent
from time import perf_counter

import polars as pl
import pytest

from interest_platform.text.mail import own_words


def own(text):
    """The lines that are left, blank ones aside."""
    left = own_words(pl.Series([dedent(text)]))[0]
    return [line.strip() for line in left.splitlines() if line.strip()]


@pytest.mark.parametrize("quote", ["> old", ">> older", "  > indented", "| piped", "TK> initials", "> > spaced", "jm>"])
def test_quoted_lines_go(quote):
    assert own(f"mine\n{quote}\nmine too") == ["mine", "mine too"]


@pytest.mark.parametrize("line", ["a > b is true", "x>0 holds", "-> an arrow", "=> another", "either | or"])
def test_lines_that_only_hold_such_a_sign_stay(line):
    assert own(f"first\n{line}\nlast") == ["first", line, "last"]


def test_a_text_of_one_line_has_nothing_quoted():
    assert own("> be me") == ["> be me"]
    assert own("Tom wrote:") == ["Tom wrote:"]


@pytest.mark.parametrize(
    "attribution",
    [
        "On Thu, 29 Aug 2002, Ann Example wrote:",
        "On 29 Aug 2002 at 11:12, Ann Example <ann@example.org>\nwrote:",
        "Ann writes:",
        "Ann B. Example wrote:",
        '"Example, Ann" <ann@example.org> said:',
        "Am 3.4.2020 um 12:00 schrieb Ann:",
        "Le 3 avril 2020 à 12:00, Ann a écrit :",
        "El 3 de abril de 2020, Ann escribió:",
        "--- Ann Example <ann@example.org> wrote:",
        "2024年1月1日,张三 写道:",
    ],
)
def test_attribution_lines_go_with_or_without_a_quote(attribution):
    assert own(f"hello\n{attribution}\nmine") == ["hello", "mine"]
    assert own(f"hello\n{attribution}\n\n> old\nmine") == ["hello", "mine"]


def test_what_somebody_said_goes_only_before_a_quote():
    assert own("The minister said:\n> no\nok") == ["ok"]
    assert own("The minister said:\nno comment") == ["The minister said:", "no comment"]


def test_outlook_replies_go_to_the_end():
    assert own("""
        My answer.

        -----Original Message-----
        From: Ann Example
        Sent: Monday
        To: Bob
        Subject: question

        The question, unmarked.
        """) == ["My answer."]
    assert own("Antwort.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\n\nFrage.") == ["Antwort."]
    assert own("My answer.\n____________________\nFrom: Ann\nSent: Monday\n\nThe question.") == ["My answer."]


def test_answers_between_the_marked_lines_of_an_original_message_stay():
    text = "----- Original Message -----\nFrom: Ann\n\n> question one\nAnswer one.\n> question two\nAnswer two.\n"
    assert own(text) == ["Answer one.", "Answer two."]


def test_a_signature_goes_to_the_end_however_long():
    assert own("text\n-- \n" + "my address\n" * 30) == ["text"]


def test_dashes_without_the_space_are_a_signature_only_before_a_short_tail():
    assert own("text\n--\nAnn Example\nExample Ltd.\n") == ["text"]
    assert own("text\n--\n" + "chapter\n" * 30) == ["text", "--", *["chapter"] * 30]


def test_a_list_footer_goes_and_a_ruler_in_the_middle_does_not():
    rule = "_" * 47
    assert own(f"text\n{rule}\nExample mailing list\nhttp://lists.example.org/\n") == ["text"]
    assert own(f"text\n{rule}\n" + "chapter\n" * 30)[:2] == ["text", rule]


def test_sponsor_and_unsubscribe_blocks_go():
    assert own(f"text\n{'-' * 55}\nThis mail is sponsored by: Example Inc.\nBuy.\n") == ["text"]
    assert own("text\nTo unsubscribe from this group, send a mail to\nleave@example.org\n") == ["text"]
    assert own(f"text\n{'-' * 20} Yahoo! Groups Sponsor {'-' * 20}\nBuy.\n{'-' * 60}\nmore") == ["text", "more"]


def test_pgp_blocks_go_and_the_signed_text_stays():
    assert own("""
        -----BEGIN PGP SIGNED MESSAGE-----
        Hash: SHA1

        What I say.
        -----BEGIN PGP SIGNATURE-----
        Version: 1

        iQEVAwUB
        -----END PGP SIGNATURE-----
        After.
        """) == ["What I say.", "After."]


def test_forwarded_headers_go_and_the_forwarded_text_stays():
    assert own("""
        fyi
        ---------- Forwarded message ----------
        From: Ann Example <ann@example.org>
        Date: Thu, 29 Aug 2002
        To: list@example.org,
            other@example.org
        Subject: News

        The news itself.
        """) == ["fyi", "The news itself."]


def test_one_line_that_looks_like_a_header_stays():
    assert own("From: the heart\nof it all") == ["From: the heart", "of it all"]


def test_nothing_may_be_left():
    assert own("> a\n> b") == []


@pytest.mark.parametrize(
    "line",
    ["On 1 wrote\n", "Bob said:\n\n\n", "wrote:\n", "From: x\n", "-- \n", "_" * 30 + "\n", "> \n", "\n", "a> said:"],
)
def test_hostile_lines_cost_no_more_than_their_length(line):
    start = perf_counter()
    own_words(pl.Series([line * 50_000]))
    assert perf_counter() - start < 3
