"""Reads across databases whose names are hostile at every place where a name is written: both ways, and proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.plan.hba import wanted_lines
from freehold.spec.model import Layout, Migrations, Server, ServerKind, Service, TableName
from freehold.sqltext import quote_ident, quote_literal
from support.applying import Workshop, sql_file
from support.clusters import VERSIONS
from support.linked import admin, arrives, prove, running, told
from support.plans import platform

pytestmark = pytest.mark.real

# the last one has 63 bytes, of two each but one
NAMES = ("we\"ird o'clock", "line\nbreak", "<img src=x onerror=1>\\;--%s", "ü" * 31 + "x")
# a line break and a letter of more than one byte in one name, which pg_hba.conf of 16 and later needs byte by byte
READER = "r\"d\n<img>'ü\\"


def tables() -> str:
    """A table of every name with a column of it, and an enum with all of them as labels."""
    made = [f"CREATE TYPE status AS ENUM ({', '.join(map(quote_literal, NAMES))});"]
    for name in NAMES:
        table, text = quote_ident(name), quote_literal(name)
        made.append(f"CREATE TABLE {table} ({table} bigint PRIMARY KEY, status status, note text);")
        made.append(f"INSERT INTO {table} VALUES (1, {text}, {text});")
    return "".join(made)


def services(replicas: bool) -> tuple[Service, ...]:
    """A source of every name with a schema and a database of it, and a reader of everything."""
    sources = [
        Service(f"s{number}\n{name[:12]}", (name,), database=name, migrations=Migrations(folder="x"))
        for number, name in enumerate(NAMES)
    ]
    reads = tuple(sorted(TableName(schema, table) for schema in NAMES for table in NAMES))
    return (*sources, Service(READER, (READER,), database=READER, reads=reads, replicas=reads if replicas else ()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("replicas", [False, True], ids=["foreign", "replica"])
def test_hostile_names_are_ordinary(version: int, replicas: bool, tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    some = services(replicas)
    with running(layout, version, some) as (_, servers):
        wanted = platform(*some, layout=layout, servers=(Server("main", ServerKind.EMBEDDED),))
        file = (sql_file("1.sql", tables()),)
        work = Workshop(
            servers, tmp_path, wanted, migrations={one.name: file for one in some if one.migrations is not None}
        )
        work.apply()
        servers.restart_pending()
        work.apply()
        assert work.sentences() == []
        for schema in NAMES:
            for name in NAMES:
                text = f"SELECT {quote_ident(name)}, status::text, note FROM {quote_ident(schema)}.{quote_ident(name)}"
                arrives(work, READER, text, [(1, name, name)])
        if replicas:
            first = some[0].name
            table = f"{quote_ident(NAMES[0])}.{quote_ident(NAMES[-1])}"
            admin(work, first, f"UPDATE {table} SET note = 'ä<b>', status = {quote_literal(NAMES[1])}")
            arrives(work, READER, f"SELECT note, status::text FROM {table}", [("ä<b>", NAMES[1])])
        report = prove(work)
        assert report.passed, told(report)
        # before 16 a line break cannot be written: what stands in its place is said, and is no violation
        forced = {finding.object for finding in report.limits if finding.code == "weak_authentication"}
        assert forced == ({"instance main"} if version < 16 else set())


def test_a_wide_open_line_is_still_a_violation(tmp_path: Path) -> None:
    """Where every name can be written, the same line is a mistake."""
    some = services(False)[1:2]
    with running(Layout.DATABASE_PER_SERVICE, VERSIONS[-1], some) as (_, servers):
        wanted = platform(
            *(Service("plain", (one.schemas[0],)) for one in some), servers=(Server("main", ServerKind.EMBEDDED),)
        )
        work = Workshop(servers, tmp_path, wanted)
        work.apply()
        lines = [line.written() for line in wanted_lines(work.design(), work.found().servers["main"])]
        servers.write_hba("main", ["host all all 127.0.0.1/32 scram-sha-256", *lines])
        report = prove(work, "weak_authentication")
        assert "pg_hba.conf lets every role ask for every database" in {f.title for f in report.violations}
