"""``freehold maintain`` as a person and as cron run it: exit codes, JSON that fits its schema, and clear refusals."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from support.command import Desk, Said, desk

FILE = """
platform: cutting
services:
  market:
    migrations: m
    timeseries:
      market.tick:
        time: time
        chunk: 1 day
        retention: 30 days
        rollups: {market.bar: {every: 1 hour, by: [symbol], aggregates: {n: count(*)}}}
    retention:
      market.log: {by: at, keep: 10 days, hold: held}
"""
TABLES = """
CREATE TABLE tick (time timestamptz NOT NULL, symbol text, price numeric{key});
CREATE TABLE log (at timestamptz, held boolean);
INSERT INTO log SELECT now() - n * interval '1 day', n = 15 FROM generate_series(0, 19) AS n;
"""


@pytest.fixture(scope="module")
def here() -> Iterator[Desk]:
    with desk() as found:
        (found.folder / "m").mkdir()
        (found.folder / "freehold.yaml").write_text(FILE)
        yield found
        found.run("down", "--purge", "--confirm", "cutting")


def checked(said: Said) -> dict[str, object]:
    jsonschema.validate(said.document(), document_schema("maintain"))
    return said.document()


def test_a_life_of_a_table(here: Desk) -> None:
    migration = here.folder / "m" / "1.sql"
    migration.write_text(TABLES.format(key=", PRIMARY KEY (symbol)"))
    refused = here.run("up", "--no-prove")
    assert refused.status == 1
    assert (
        'm/1.sql:2: key "tick_pkey" (symbol) of time series "market"."tick" does not hold "time"'
        in refused.all.replace(":1:", ":")
    )
    assert 'ADD CONSTRAINT "tick_pkey" PRIMARY KEY ("symbol", "time")' in refused.all

    migration.write_text(TABLES.format(key=""))
    assert here.run("up", "--no-prove").status == 0
    url = here.run("url", "market").out.strip()
    here.psql(
        url, "INSERT INTO market.tick SELECT now() - n * interval '1 hour', 'A', n FROM generate_series(0, 30) AS n"
    )

    dry = here.run("maintain", "--dry-run", "--json")
    document = checked(dry)
    assert dry.status == 2
    assert document["journal_id"] == ""
    assert {one["what"] for one in document["done"]} == {"create", "move", "delete", "refresh"}  # type: ignore[attr-defined]

    real = here.run("maintain", "--json")
    assert (real.status, checked(real)["findings"]) == (0, [])
    assert [one["rows"] for one in real.document()["held"]] == [1]  # type: ignore[attr-defined]
    assert here.psql(url, "SELECT sum(n), (SELECT count(*) FROM market.tick) FROM market.bar") == [(31, 31)]
    said = here.run("maintain")
    assert (said.status, "✓ nothing is due" in said.out) == (0, True)
    assert "1 row held and kept" in said.out
    assert here.run("maintain", "--dry-run").status == 0

    future = here.run("maintain", "--dry-run", "--now", "2099-01-01", "--json")
    assert (future.status, any(one["what"] == "drop" for one in checked(future)["done"])) == (2, True)  # type: ignore[attr-defined]

    here.psql(url, "INSERT INTO market.tick VALUES ('infinity', 'A', 1)")
    found = here.run("maintain", "--json")
    assert (found.status, checked(found)["findings"][0]["code"]) == (2, "rows_without_partition")  # type: ignore[index]
    assert 'rows of "market"."tick" stay in the default partition' in here.run("maintain").out
    here.psql(url, "DELETE FROM market.tick WHERE time = 'infinity'")

    assert here.run("prove").status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--now", "2027-01-01"], "--now is only for --dry-run"),
        (["--dry-run", "--now", "soon"], "write a moment as 2026-11-20T09:30:00Z"),
        (["--lock-timeout", "soon"], "write a number and one of ms"),
        (["--service", "markt"], 'Did you mean "market"?'),
    ],
)
def test_what_cannot_be_meant_is_refused(here: Desk, words: list[str], message: str) -> None:
    said = here.run("maintain", *words)
    assert (said.status, message in said.all) == (1, True)
