"""A key comes back when both its ends are tables of this database, and not while one of them is a stand-in."""

from __future__ import annotations

import pytest

from freehold.found.control import control_sql
from freehold.move import control, fence
from freehold.move.model import ForeignKey
from freehold.pg.servers import PgServers
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, keyword, literal, raw, sql

pytestmark = pytest.mark.real

ODD = 'o\'dd ,{} \\ "s"\n%ü'
NAMES = ("real", ODD, "foreign", "replica", "parted")
TABLES = """
CREATE SCHEMA s; CREATE TABLE s.real (); CREATE TABLE s.replica (); CREATE TABLE s.%s ();
CREATE TABLE s.parted (n int) PARTITION BY LIST (n); CREATE TABLE s.part PARTITION OF s.parted DEFAULT;
CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE s.foreign () SERVER far;
"""
SUBSCRIBED = """
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
SELECT oid, 's.%s'::regclass, 'r' FROM pg_subscription WHERE subname = 'far'
"""


def test_a_key_waits_for_the_tables_themselves(servers: PgServers) -> None:
    session = servers.admin("main")
    for statement in (*control_sql(), *control.control_sql()):
        session.execute(statement)
    session.execute(raw(TABLES % ident(ODD).shown()))
    session.execute(raw("CREATE SUBSCRIPTION far CONNECTION '' PUBLICATION nothing WITH (connect = false)"))
    session.execute(raw(SUBSCRIBED % "replica"))
    for one in (*NAMES, "missing"):
        for other in (*NAMES, "missing"):
            session.execute(kept(ForeignKey("k", TableName("s", one), TableName("s", other), "", True)))

    def united() -> set[str]:
        return {str(name) for name, *_ in session.query(fence.united())}

    own = ("real", ODD, "parted")
    assert united() == {f"{one} to {other}" for one in own for other in own}
    session.execute(raw(SUBSCRIBED % "part"))
    assert united() == {f"{one} to {other}" for one in own[:2] for other in own[:2]}
    session.execute(keyword("DELETE FROM pg_subscription_rel"))
    stand_ins = {"foreign", "missing"}
    assert united() == {f"{one} to {other}" for one in {*NAMES} - stand_ins for other in {*NAMES} - stand_ins}


def kept(key: ForeignKey) -> Sql:
    values = (fence.REUNION, fence.ends(key), f"{key.table.table} to {key.to.table}")
    return sql("INSERT INTO freehold.move_kept (move, kind, name, sql) VALUES ({}, {}, {}, '')", *map(literal, values))
