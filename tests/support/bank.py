"""A small bank with a ledger and visits, behind pools: a platform for stories about moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.command import Desk, desk
from support.traffic import Clients

DECLARATION = """\
platform: bank
servers: {main: embedded}
layout: central  # where most begin
pooler: pgbouncer
services:
  ledger:
    schemas: [ledger]
    migrations: ledger
    pool: 6
  visits:
    schemas: [visits]
    migrations: visits
    pool: 6
"""
LEDGER = """
CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance > -1000000));
INSERT INTO account SELECT n, 1000 FROM generate_series(1, 50) n;
CREATE TABLE line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint NOT NULL UNIQUE,
    one bigint NOT NULL REFERENCES account, two bigint NOT NULL REFERENCES account,
    at timestamptz NOT NULL DEFAULT now());
CREATE INDEX line_one ON line (one);
"""
VISITS = """
CREATE TABLE visit (number bigint NOT NULL, note text, at timestamptz NOT NULL DEFAULT now());
INSERT INTO visit SELECT -n, 'before' FROM generate_series(1, 3000) n;
"""


@contextmanager
def bank(layout: str = "central", servers: str = "{main: embedded}") -> Iterator[Desk]:
    """The platform, up and running. It lives on ``main``."""
    with desk() as found:
        text = DECLARATION.replace("layout: central", f"layout: {layout}").replace("{main: embedded}", servers)
        (found.folder / "freehold.yaml").write_text(text)
        for name, text in (("ledger", LEDGER), ("visits", VISITS)):
            (found.folder / name).mkdir()
            (found.folder / name / "1.sql").write_text(text)
        up = found.run("up", "--no-prove", timeout_s=300)
        assert up.status == 0, up.all
        yield found


def url(found: Desk, service: str) -> str:
    return found.run("url", service).out.strip()


def move(found: Desk, *words: str) -> dict[str, object]:
    said = found.run("move", *words, "--json", "--lag", "5s", "--pause", "20s", timeout_s=600)
    assert said.status == 0, said.all
    return said.document()


def everything_is_there(found: Desk, clients: Clients) -> None:
    """Each confirmed row once and no other but those in doubt, every balance as the lines say."""
    ledger = url(found, "ledger")
    lines = found.psql(ledger, "SELECT number, one, two FROM ledger.line")
    clients.agree("ledger", [row[0] for row in lines])
    wanted = dict.fromkeys(range(1, 51), 1000)
    for _, one, two in lines:
        wanted[one] -= 1
        wanted[two] += 1
    assert dict(found.psql(ledger, "SELECT id, balance FROM ledger.account")) == wanted
    seen = [row[0] for row in found.psql(url(found, "visits"), "SELECT number FROM visits.visit WHERE number > 0")]
    clients.agree("visits", seen)
