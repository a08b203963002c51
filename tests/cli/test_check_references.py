"""``freehold check-references`` as a person runs it, in every layout, and as a program reads it."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from urllib.parse import quote

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from freehold.ports import Address
from support.command import Desk, Said, desk

DECLARATION = """\
platform: shop
layout: {layout}
servers: {{main: "${{ADMIN}}", far: "${{FAR}}"}}
{groups}
services:
  orders:
    schemas: [orders]
    migrations: orders
    references:
      - {{from: orders.line(account), to: users.account(id)}}
  users:
    schemas: [users]
    migrations: users
    {pin}
"""
ORDERS = "CREATE TABLE line (n bigserial PRIMARY KEY, account integer)"
USERS = "CREATE TABLE account (id bigint PRIMARY KEY)"


def url(address: Address, database: str = "postgres") -> str:
    login = f"{quote(address.user, safe='')}:{quote(address.password, safe='')}"
    return f"postgresql://{login}@{address.host}:{address.port}/{database}"


class Shop:
    """The platform of this file, applied."""

    def __init__(self, found: Desk, main: Address, far: Address, layout: str) -> None:
        self.desk, self.env = found, {"ADMIN": url(main), "FAR": url(far)}
        apart = layout == "two-servers"
        text = DECLARATION.format(
            layout="database-per-service" if apart else layout,
            groups="groups: {all: [orders, users]}" if layout == "groups" else "",
            pin="instance: far" if apart else "",
        )
        (found.folder / "freehold.yaml").write_text(text)
        for service, sql in (("orders", ORDERS), ("users", USERS)):
            (found.folder / service).mkdir()
            (found.folder / service / "001.sql").write_text(sql)
        applied = self.run("apply", "--yes")
        assert applied.status == 0, applied.all
        services = self.run("status", "--json").document()["services"]
        assert isinstance(services, list)
        self.places = {
            one["name"]: url({"main": main, "far": far}[one["instance"]], one["database"]) for one in services
        }

    def run(self, *words: str) -> Said:
        return self.desk.run(*words, env=self.env)

    def sql(self, service: str, text: str) -> list[tuple[object, ...]]:
        return self.desk.psql(self.places[service], text)

    def check(self, *words: str, status: int) -> dict[str, object]:
        """Run with --json: exit code, schema and ``ok`` must agree."""
        said = self.run("check-references", "--json", *words)
        assert said.status == status, said.all
        document = said.document()
        jsonschema.validate(document, document_schema("check-references"))
        assert document["ok"] is (status == 0)
        return document


@pytest.fixture
def found() -> Iterator[Desk]:
    with desk() as one:
        yield one


@pytest.mark.parametrize("layout", ["central", "schema-per-service", "groups", "database-per-service", "two-servers"])
def test_orphans_are_found_and_the_remedy_ends_them_in_every_layout(
    found: Desk, server18: Address, server15: Address, layout: str
) -> None:
    shop = Shop(found, server15, server18, layout)
    shop.sql("users", "INSERT INTO users.account SELECT generate_series(1, 100)")
    shop.sql("orders", "INSERT INTO orders.line (account) SELECT g % 103 FROM generate_series(1, 300) g")

    document = shop.check("--limit", "2", status=2)

    assert document["orphans"] == 3
    findings = {finding["code"]: finding for finding in document["findings"]}  # type: ignore[attr-defined, union-attr]
    together = layout in ("central", "schema-per-service", "groups")
    assert sorted(findings) == ["orphaned_reference", *(["reference_without_constraint"] if together else [])]
    orphaned = findings["orphaned_reference"]
    assert [place["line"] for place in orphaned["evidence"]] == [10, 0, 0]
    assert orphaned["evidence"][1]["text"] == '"account" = 0 in 2 rows'
    shop.sql("orders", shop.check("--limit", "9", status=2)["findings"][0]["remedy"])  # type: ignore[index]
    document = shop.check(status=0)
    assert (document["orphans"], document["checked"]) == (0, 1)
    if together:
        shop.sql("orders", findings["reference_without_constraint"]["remedy"])
        assert [f["code"] for f in shop.check(status=0)["findings"]] == ["reference_constraint_open"]  # type: ignore[attr-defined]
        shop.sql("orders", shop.check(status=0)["findings"][0]["remedy"])  # type: ignore[index]
        assert shop.check(status=0)["findings"] == []


def test_what_a_person_reads(found: Desk, server18: Address) -> None:
    shop = Shop(found, server18, server18, "database-per-service")
    shop.sql("users", "INSERT INTO users.account VALUES (1)")
    shop.sql("orders", "INSERT INTO orders.line (account) SELECT generate_series(1, 5)")

    red = shop.run("check-references", "--limit", "1", "--output", "all.ndjson")

    assert red.status == 2
    assert "✗ orphans" in red.out
    assert "freehold.yaml:10: " in red.out
    assert 'UPDATE "orders"."line" SET "account" = NULL WHERE ("account") IN ((\'2\'));' in red.out
    assert "3 more: --output FILE writes all" in red.out
    assert red.out.splitlines()[-1] == "✗ shop: 4 orphaned keys in 1 of 1 references"
    path = found.folder / "all.ndjson"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["key"] for line in lines] == [{"account": str(key)} for key in (2, 3, 4, 5)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shop.sql("users", "INSERT INTO users.account SELECT generate_series(2, 5)")
    green = shop.run("check-references", "--output", "all.ndjson")
    assert green.status == 0
    assert green.out.splitlines()[-1] == "✓ shop: 1 reference checked, no orphan"
    assert path.read_text() == ""
    assert [one.name for one in found.folder.iterdir() if one.name.endswith(".new")] == []


def test_a_server_that_is_away_leaves_the_rest_checked(found: Desk, server18: Address, server15: Address) -> None:
    shop = Shop(found, server18, server15, "two-servers")
    more = (found.folder / "freehold.yaml").read_text()
    more += "  basket:\n    schemas: [basket]\n    migrations: basket\n"
    more += "    references: [{from: basket.line(line), to: orders.line(n)}]\n"
    (found.folder / "freehold.yaml").write_text(more)
    (found.folder / "basket").mkdir()
    (found.folder / "basket" / "001.sql").write_text("CREATE TABLE line (line bigint)")
    assert shop.run("apply", "--yes").status == 0
    shop.env["FAR"] = url(server15).replace(f":{server15.port}/", ":9/")

    document = shop.check(status=3)

    states = {one["from"]["service"]: one["state"] for one in document["references"]}  # type: ignore[attr-defined, union-attr]
    assert states == {"basket": "clean", "orders": "not_checked"}
    assert (document["checked"], document["not_checked"]) == (1, 1)
    assert "no server answers" in str(document["findings"])
    assert shop.check("--service", "basket", status=0)["checked"] == 1
    assert shop.check("--service", "users", status=3)["checked"] == 0


def test_wrong_input_is_refused_before_anything_is_read(found: Desk, server18: Address) -> None:
    shop = Shop(found, server18, server18, "database-per-service")
    assert 'Did you mean "orders"?' in shop.run("check-references", "--service", "order").err
    assert "write a number and one of" in shop.run("check-references", "--wait", "soon").err
    nowhere = shop.run("check-references", "--output", "no/such/folder/file")
    assert nowhere.status == 1
    assert 'cannot use "no/such/folder/file"' in nowhere.err
    assert shop.run("check-references", "--output", ".").status == 1


def test_a_platform_without_references_says_so(found: Desk) -> None:
    assert found.run("init").status == 0
    said = found.run("check-references")
    assert (said.status, said.out) == (0, "no service declares references\n")


def test_an_accepted_finding_is_not_counted(found: Desk, server18: Address) -> None:
    shop = Shop(found, server18, server18, "database-per-service")
    shop.sql("orders", "INSERT INTO orders.line (account) VALUES (1)")
    key = shop.check(status=2)["findings"][0]["key"]  # type: ignore[index]
    path = found.folder / "freehold.yaml"
    path.write_text(path.read_text() + f"ignore:\n  - {{key: {json.dumps(key)}, reason: known}}\n")
    document = shop.check(status=0)
    assert len(document["ignored"]) == 1  # type: ignore[arg-type]
    path.write_text(path.read_text().replace("reason: known", 'reason: known, until: "2020-01-01"'))
    assert shop.check(status=2)["ignored"] == []
