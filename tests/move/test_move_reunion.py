"""A key comes back when both its ends are tables of this database, and not while one of them is a stand-in."""

from __future__ import annotations

import pytest

from freehold.errors import ServerError
from freehold.found.control import control_sql
from freehold.move import control, fence
from freehold.move.model import ForeignKey
from freehold.pg.servers import PgServers
from freehold.spec.model import TableName
from freehold.sqltext import ident, keyword, literal, raw

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
    named: dict[str, str] = {}
    for one in (*NAMES, "missing"):
        for other in (*NAMES, "missing"):
            key = ForeignKey(f"{one} to {other}", TableName("s", one), TableName("s", other), "", True)
            named[f"{fence.name_of(key.table)} {ident(key.name)}"] = key.name
            session.execute(fence.keep_apart(key))

    def united() -> set[str]:
        return {named[str(name)] for name, *_ in session.query(fence.united())}

    own = ("real", ODD, "parted")
    assert united() == {f"{one} to {other}" for one in own for other in own}
    session.execute(raw(SUBSCRIBED % "part"))
    assert united() == {f"{one} to {other}" for one in own[:2] for other in own[:2]}
    session.execute(keyword("DELETE FROM pg_subscription_rel"))
    stand_ins = {"foreign", "missing"}
    assert united() == {f"{one} to {other}" for one in {*NAMES} - stand_ins for other in {*NAMES} - stand_ins}


def test_a_key_that_was_made_without_a_look_at_the_rows_is_checked(servers: PgServers) -> None:
    session = servers.admin("main")
    for statement in (*control_sql(), *control.control_sql()):
        session.execute(statement)
    odd, key = ident("s", ODD).shown(), ident(ODD).shown()
    session.execute(raw(f"CREATE SCHEMA s; CREATE TABLE {odd} (id int PRIMARY KEY); CREATE TABLE s.far (id int)"))
    definition = f"FOREIGN KEY (id) REFERENCES {odd}(id)"
    session.execute(fence.keep_apart(ForeignKey(ODD, TableName("s", "far"), TableName("s", ODD), definition, True)))
    ((_, text, later),) = session.query(fence.united())
    assert later is True
    session.execute(raw("INSERT INTO s.far VALUES (1)"))
    session.execute(raw(f"{text} NOT VALID"))
    ((check,),) = session.query(fence.unchecked())
    with pytest.raises(ServerError) as refused:
        session.execute(raw(str(check)))
    assert refused.value.sqlstate == "23503"
    session.execute(raw(f"INSERT INTO {odd} VALUES (1)"))
    session.execute(raw(str(check)))
    assert session.query(fence.unchecked()) == []
    assert session.query(raw(f"SELECT conname FROM pg_constraint WHERE convalidated AND conname = {quoted(ODD)}"))
    assert key in str(text)


def quoted(text: str) -> str:
    return literal(text).shown()
