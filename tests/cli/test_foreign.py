"""Servers that somebody else runs: given by URL, with a superuser, with less, and with far too little."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from freehold.ports import Address
from support.clusters import TidyServers
from support.command import Desk, desk

DECLARATION = """\
platform: shop
server: ${ADMIN}
services:
  orders:
    schemas: [orders]
  billing:
    schemas: [billing]
"""


@pytest.fixture
def foreign(server: Address) -> Iterator[tuple[Desk, Address]]:
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION)
        yield found, server


def url(address: Address, user: str, password: str) -> dict[str, str]:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return {"ADMIN": f"postgresql://{login}@{address.host}:{address.port}/postgres"}


def test_a_server_by_url_is_brought_up_and_proved(foreign: tuple[Desk, Address]) -> None:
    found, address = foreign
    env = url(address, address.user, address.password)
    up = found.run("up", "--json", env=env)
    assert up.status == 0, up.all
    document = up.document()
    instances = document["instances"]
    assert isinstance(instances, list)
    assert instances[0]["owned"] is False
    proof = document["proof"]
    assert isinstance(proof, dict)
    assert proof["violations"] == []
    again = found.run("up", "--json", env=env).document()["apply"]
    assert isinstance(again, dict)
    assert again["applied"] == 0
    down = found.run("down", "--json", env=env)
    assert down.document()["stopped"] == []
    assert found.run("down", "--purge", "--confirm", "shop", env=env).status == 0
    # passwords of logins on a server that goes on running are kept
    assert found.secrets() != []
    gone = found.run("destroy", "--allow-destroy", "--confirm", "shop", env=env)
    assert gone.status == 0, gone.all


def test_a_login_without_rights_is_told_which_one_is_missing(
    foreign: tuple[Desk, Address], servers: TidyServers
) -> None:
    found, address = foreign
    from freehold.sqltext import raw

    servers.admin("main").execute(raw("CREATE ROLE lowly LOGIN PASSWORD 'lowlypassword'"))
    env = url(address, "lowly", "lowlypassword")
    for words in (["plan"], ["apply", "--yes"], ["up"]):
        said = found.run(*words, env=env)
        assert said.status in (1, 2, 3), said.all
        assert "unexpected" not in said.all
        assert "lowlypassword" not in said.all
    applied = found.run("apply", "--yes", env=env)
    assert applied.status in (1, 3)
    assert "CREATEROLE" in applied.all or "CREATEDB" in applied.all, applied.all
