"""The catalog's password is kept apart from everything that may be shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from interest_platform.configuration import LakeSettings
from interest_platform.errors import LakeError
from interest_platform.lake import Lake
from interest_platform.lake.address import address
from interest_platform.settings import Settings

Made = Callable[..., Settings]
QUOTED = r"postgres:host=db.example port = 5433 user=lake dbname='my lake' password='a\'b \\c'"
URI = "postgres:postgresql://lake:a%27b%20%5Cc@db.example:5433/my%20lake"


@pytest.mark.parametrize("text", [QUOTED, URI, URI.replace("postgres:postgresql://", "postgres://")])
def test_a_password_goes_into_a_secret_and_nowhere_else(text: str, settings_of: Made) -> None:
    found = address(settings_of(Path("/home"), catalog=SecretStr(text)))

    assert found.password is not None
    assert found.password.get_secret_value() == r"a'b \c"
    assert found.secret() == r"CREATE SECRET (TYPE postgres, PASSWORD 'a''b \c')"
    parts = found.catalog.removeprefix("postgres:")
    assert "host='db.example'" in parts
    assert "port='5433'" in parts
    assert "dbname='my lake'" in parts
    assert "password" not in repr(found.attach(read_only=True)) + found.catalog
    assert r"\c" not in repr(found)
    assert found.needed == ("postgres_scanner", "ducklake")
    assert not found.embedded


def test_a_string_that_is_none_is_refused_without_repeating_it(settings_of: Made) -> None:
    for text in ("postgres:hunter2", "postgres:host=x 'hunter2", "postgres:postgresql://u:hunter2@h:port/db"):
        with pytest.raises(LakeError, match="INTEREST_LAKE_CATALOG: not a") as caught:
            Lake(settings_of(Path("/home"), catalog=SecretStr(text)))
        assert "hunter2" not in str(caught.value)


def test_data_may_lie_elsewhere(settings_of: Made) -> None:
    def at(path: str) -> Settings:
        settings = settings_of(Path("/home"))
        return settings.model_copy(
            update={"config": settings.config.model_copy(update={"lake": LakeSettings(data_path=path)})}
        )

    assert address(settings_of(Path("/home"))).data_path == "/home/lake/data"
    assert address(at("elsewhere")).data_path == "/home/elsewhere"
    assert address(at("s3://bucket/lake")).data_path == "s3://bucket/lake"
    assert "httpfs" in address(at("s3://bucket/lake")).needed
