"""What a post holds that its author did not write: quoted replies, signatures, footers of lists, forwarded headers.

The rules read lines, so they concern only texts of several lines (`|` and `>` mean other things in a single one).
Each text ends in a newline here.
"""

import polars as pl

from interest_platform.text.rules import Rule, apply_rules, change_where

_LINE = r"[^\n]*"
_BLANK = r"(?:[ \t]*\n)*"
_REST = r"(?s:.*)\z"
_FEW_LINES = rf"(?:{_LINE}\n){{0,15}}\z"

_QUOTED = r"[ \t]*(?:>|\||[A-Za-z]{1,4}>(?:[> \t]|$))"
# ASCII's word boundary: Unicode's takes the regex engine off its fast path.
_ASCII_VERBS = "wrote|writes|schrieb|schreibt|escribio|escreveu|ha scritto|schreef|skrev|kirjoitti"
_OTHER_VERBS = "a écrit|écrivait|escribió|napisał|писал|пишет|写道|寫道"
_WROTE = rf"(?:(?-u:\b)(?:{_ASCII_VERBS})(?-u:\b)|{_OTHER_VERBS})"
_SAID = rf"(?:(?-u:\b)(?:said|says|{_ASCII_VERBS})(?-u:\b)|{_OTHER_VERBS})"
_WROTE_HINT = rf"{_ASCII_VERBS}|{_OTHER_VERBS}"
_SAID_HINT = rf"said|says|{_WROTE_HINT}"
_WHEN = r"(?:On|At|In|Le|Am|El|Il|Em|Op|Den|Dne|W dniu)"

_PGP = (
    Rule(r"(?m)^(?:- )?-{5}BEGIN PGP SIGNED MESSAGE-{5}[ \t]*\n(?:[A-Za-z]+: [^\n]*\n)*", hint="BEGIN PGP"),
    Rule(
        r"(?ms)^(?:- )?-{5}BEGIN PGP [A-Z ]+-{5}[ \t]*$.*?(?:^(?:- )?-{5}END PGP [A-Z ]+-{5}[ \t]*$|\z)",
        hint="BEGIN PGP",
    ),
)

_ORIGINAL = (
    r"original message|original-?nachricht|urspr(?:ü|ue)ngliche nachricht|message d'origine|message original"
    r"|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|原始邮件|原始郵件"
)
_ORIGINAL_HINT = r"(?i)original|nachricht|d'origine|bericht|原始"
_DIVIDER = rf"[ \t]*-{{2,}}[ \t]*(?:{_ORIGINAL})[ \t]*-{{2,}}[ \t]*\n"
_REPLIED_TO = (
    # Where the original is marked line by line, the author's answers stand between its lines and stay.
    Rule(
        rf"(?im)^{_DIVIDER}{_BLANK}(?:[A-Za-z-]+: {_LINE}\n)*{_BLANK}{_QUOTED}{_LINE}\n",
        hint=_ORIGINAL_HINT,
    ),
    Rule(rf"(?im)^{_DIVIDER}{_REST}", hint=_ORIGINAL_HINT),
    # Outlook without a dividing line: `From:` directly followed by `Sent:`.
    Rule(
        r"(?im)^(?:_{10,}[ \t]*\n)?[ \t]*\*?(?:from|von|de|da|van)\*?:[^\n]*\n"
        rf"[ \t]*\*?(?:sent|gesendet|envoyé|enviado(?: el)?|inviato|verzonden)\*?:{_REST}",
        hint=r"(?i)(?:sent|gesendet|envoyé|enviado|enviado el|inviato|verzonden)\*?:",
    ),
)

_SIGNATURE = (
    Rule(rf"(?m)^(?:- )?-- \n{_REST}", hint="-- \n"),
    # Many programs cut the space off; then only a short tail is a signature.
    Rule(rf"(?m)^--\n{_FEW_LINES}", hint="--\n"),
    Rule(
        r"(?im)^[ \t]*(?:sent from (?:my|mail for) |get outlook for |von meinem \w+ gesendet|envoyé de mon )[^\n]*$",
        hint="(?i)sent from|get outlook for|von meinem|envoyé de mon",
    ),
)

_FOOTER = (
    Rule(rf"(?m)^[ \t]*_{{20,}}[ \t]*\n{_FEW_LINES}", hint="_{20}"),
    Rule(r"(?ms)^-{10,} Yahoo! Groups (?:Sponsor|Links) -+.*?(?:^-{20,}[^\n]*$|\z)", hint="Yahoo! Groups"),
    Rule(
        rf"(?im)^[ \t]*[-_=*~]{{20,}}[ \t]*\n{_LINE}"
        rf"(?:sponsored by|mailing list|unsubscribe|do you yahoo){_LINE}\n{_FEW_LINES}",
        hint="(?i)sponsored by|mailing list|unsubscribe|do you yahoo",
    ),
    Rule(rf"(?im)^[ \t]*to unsubscribe(?-u:\b){_LINE}\n{_FEW_LINES}", hint="(?i)to unsubscribe"),
)

_ATTRIBUTION = (
    # Directly before a quote, any line that says so is one, and so is the dated line it was wrapped from.
    Rule(
        rf"(?m)^(?:{_WHEN} {_LINE}[0-9]{_LINE}\n)?{_LINE}{_SAID}{_LINE}:[ \t]*\n{_BLANK}{_QUOTED}{_LINE}\n",
        hint=_SAID_HINT,
    ),
    Rule(rf"(?m)^{_WHEN} {_LINE}[0-9]{_LINE}(?:\n{_LINE})?{_WROTE}{_LINE}:[ \t]*$", hint=_WROTE_HINT),
    Rule(rf"(?m)^{_LINE}<[^<>\s]+@[^<>\s]+>{_LINE}{_SAID}{_LINE}:[ \t]*$", hint=_SAID_HINT),
    Rule(
        rf"(?m)^(?:-{{2,}} )?[\"'(]?\p{{L}}[^\s]*(?:[ \t]+[^\s]+){{0,6}} {_WROTE}[ \t]*:[ \t]*$",
        hint=_WROTE_HINT,
    ),
    Rule(rf"(?m)^{_LINE}(?:写道|寫道)[ \t]*:[ \t]*$", hint="写道|寫道"),
    Rule(r"(?m)^[ \t]*(?:wrote|writes)[ \t]?:[ \t]*$", hint="wrote|writes"),
)
_QUOTES = Rule(rf"(?m)^{_QUOTED}{_LINE}$", hint="[>|]")

_HEADER_NAME = (
    r"From|To|Cc|Bcc|Date|Sent|Subject|Reply-To|Message-ID|Sender|Return-Path|Received|Delivered-To|Organi[sz]ation"
    r"|Newsgroups|In-Reply-To|References|MIME-Version|Content-[A-Za-z-]+|X-[A-Za-z-]+|Priority|Importance"
    r"|Von|An|Betreff|Datum|De|À|Objet|Asunto|Para|发件人|收件人|主题|日期|发送时间"
)
_FORWARDED = (
    Rule(
        r"(?im)^[ \t]*-{2,}[ \t]*(?:(?:begin|end|end of|start of)[ \t]+)?forwarded (?:message|text|by)[^\n]*$",
        hint="(?i)forwarded",
    ),
    Rule(rf"(?im)^(?:[ \t]*\*?(?:{_HEADER_NAME})\*?:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*){{2,}}", hint=":"),
)

_RULES = (
    *_PGP,
    *_REPLIED_TO,
    *_SIGNATURE,
    *_FOOTER,
    *_ATTRIBUTION,
    _QUOTES,
    *_FORWARDED,
)


def own_words(texts: pl.Series) -> pl.Series:
    """The texts (newlines as line breaks) without what others wrote and what programs added."""
    return change_where(texts, texts.str.strip_chars().str.contains("\n", literal=True), _stripped)


def _stripped(texts: pl.Series) -> pl.Series:
    return apply_rules(texts.str.strip_chars_end("\n") + "\n", _RULES)
