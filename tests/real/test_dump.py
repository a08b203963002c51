"""Which pg_dump is taken for which server, and what it says when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freehold.errors import LocalStateError, ServerError
from freehold.pg.dump import PgDumps, Programs, fit, programs
from freehold.ports import Address
from freehold.sqltext import ident, sql
from support.clusters import PASSWORD
from support.fixtures import Clusters

pytestmark = pytest.mark.real

HERE = Address("main", "127.0.0.1", 5432, "u", "p", "postgres", {})
WHEEL = Programs(Path("/wheel"), 18, False)
OLD = Programs(Path("/old"), 15, True)
NEW = Programs(Path("/new"), 17, True)


def test_the_programs_of_the_same_version_are_preferred_and_an_older_one_never_taken() -> None:
    assert fit([WHEEL, OLD, NEW], HERE, 15) == OLD
    assert fit([WHEEL, OLD, NEW], HERE, 16) == WHEEL
    assert fit([WHEEL, OLD, NEW], HERE, 18) == WHEEL
    with pytest.raises(LocalStateError, match="PostgreSQL 18"):
        fit([OLD, NEW], HERE, 18)


def test_a_build_without_tls_is_not_taken_where_tls_is_demanded() -> None:
    strict = replace(HERE, options={"sslmode": "verify-full"})
    assert fit([WHEEL, NEW], strict, 16) == NEW
    assert fit([WHEEL, NEW], replace(HERE, host="db.example"), 16) == NEW
    with pytest.raises(LocalStateError, match="over TLS"):
        fit([WHEEL], strict, 16)


def test_the_wheel_is_found() -> None:
    assert any(one.major == 18 and not one.tls for one in programs())


def test_a_failure_says_what_pg_dump_said_and_no_password(server18: Address) -> None:
    dumps = PgDumps({"main": replace(server18, user="no'body \\")}, {"main": 18})
    with pytest.raises(ServerError, match="pg_dump failed") as caught:
        dumps.archive("main", "postgres", ["public"])
    assert PASSWORD not in caught.value.message
    with pytest.raises(ServerError, match=r'no matching schemas were found for pattern ""no \* such'):
        PgDumps({"main": server18}, {"main": 18}).archive("main", "postgres", ["no * such"])


def test_a_name_that_is_a_pattern_elsewhere_names_one_schema(clusters: Clusters, server18: Address) -> None:
    session = clusters(18)[1].admin("main")
    odd = ("a*", "a.b", 'a"b', "A?", "a\nb", "a$|b")
    for name in ("ab", *odd):
        session.execute(sql("CREATE SCHEMA {}; CREATE TABLE {} ()", ident(name), ident(name, "t")))
    dumps = PgDumps({"main": server18}, {"main": 18})
    for name in odd:
        archive = dumps.archive("main", "postgres", [name])
        (table,) = (one for one in dumps.entries(archive) if one.text.startswith("TABLE "))
        assert f"CREATE TABLE {ident(name).shown()}.t (" in dumps.text(archive, [table.number])
