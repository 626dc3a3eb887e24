"""A published world and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import World, client_of, settings_of
from starlette.testclient import TestClient


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Ann and Bob have lists, Cid was in a segment; nothing is published yet."""
    return World(
        settings_of(tmp_path),
        {"ann@example.org": ["grinder", "kettle", "scale"], "bob/7": ["kettle"]},
        {"ann@example.org": ["s0002", "s0001", "s0001"], "cid": ["s0001", "s0002", None]},
    )


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    """A client of the world, published as version 7."""
    world.publish(7)
    with client_of(world.settings) as client:
        yield client
