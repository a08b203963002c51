"""What a service has in a database is read whole, on every version, whatever its names."""

from __future__ import annotations

import pytest

from freehold.move.catalog import inventory, question
from freehold.move.model import Inventory, Side
from freehold.pg.servers import PgServers
from freehold.spec.model import TableName
from freehold.sqltext import ident, raw, sql

pytestmark = pytest.mark.real
ODD = 'o\'dd "s" \n%ü<img>'

MADE = """
CREATE SCHEMA mine; CREATE SCHEMA other; CREATE SCHEMA {odd};
CREATE TYPE mine.mood AS ENUM ('x', 'y'); CREATE DOMAIN mine.pos AS int CHECK (value > 0);
CREATE DOMAIN mine.pos2 AS mine.pos;
CREATE TABLE other.parent (id int PRIMARY KEY);
CREATE TABLE mine.t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mine.mood, p mine.pos2 NOT NULL,
    ps mine.pos[], n numeric(10, 2),
    g int GENERATED ALWAYS AS (1) STORED, s serial, par int, self bigint REFERENCES mine.t
);
ALTER TABLE mine.t DROP COLUMN n;
ALTER TABLE mine.t ADD CONSTRAINT t_par_fkey FOREIGN KEY (par) REFERENCES other.parent NOT VALID;
CREATE UNLOGGED TABLE mine.u (x int);
CREATE TABLE mine.nopk (x int); ALTER TABLE mine.nopk REPLICA IDENTITY FULL;
CREATE TABLE mine.part (id int, at date, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE mine.part1 PARTITION OF mine.part FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE mine.old_parent (x int); CREATE TABLE mine.old_child () INHERITS (mine.old_parent);
CREATE TABLE other.child (t bigint REFERENCES mine.t);
CREATE VIEW other.v AS SELECT id FROM mine.t; CREATE VIEW mine.w AS SELECT id FROM other.parent;
CREATE MATERIALIZED VIEW mine.mv AS SELECT 1 AS one;
CREATE FUNCTION mine.f() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr BEFORE INSERT ON mine.t FOR EACH ROW EXECUTE FUNCTION mine.f();
ALTER TABLE mine.t ENABLE ALWAYS TRIGGER tr;
CREATE FUNCTION other.g() RETURNS SETOF mine.t LANGUAGE sql BEGIN ATOMIC SELECT * FROM mine.t; END;
CREATE SEQUENCE mine.free AS smallint INCREMENT -2 MINVALUE -100 MAXVALUE 5 CYCLE CACHE 7;
ALTER TABLE mine.t ENABLE ROW LEVEL SECURITY; ALTER TABLE mine.t FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mine.t USING (EXISTS (SELECT FROM other.parent));
CREATE TABLE {odd}.{odd} ({odd} int PRIMARY KEY);
SELECT pg_catalog.lo_create(0);
"""


@pytest.fixture
def found(servers: PgServers) -> Inventory:
    session = servers.admin("main")
    session.execute(raw(MADE.replace("{odd}", ident(ODD).shown())))
    schemas = ("mine", ODD)
    (row,) = session.query(question(schemas, ["postgres"]))
    return inventory(Side("main", "postgres"), schemas, str(row[0]))


def test_tables_and_their_columns(found: Inventory) -> None:
    assert [table.name.table for table in found.tables] == [
        "nopk", "old_child", "old_parent", "part", "part1", "t", "u", ODD,
    ]  # fmt: skip
    t = found.table(TableName("mine", "t"))
    shown = {column.name: (column.type, column.base, column.kind) for column in t.columns}
    assert shown["m"] == ("mine.mood", ("mine", "mood"), "e")
    assert shown["p"] == ("mine.pos2", ("pg_catalog", "int4"), "b")
    assert shown["ps"] == ("mine.pos[]", ("pg_catalog", "int4"), "b")
    assert "n" not in shown
    by_name = {column.name: column for column in t.columns}
    assert (by_name["id"].identity, by_name["g"].generated, by_name["p"].domain, by_name["ps"].array) == (
        "a",
        "s",
        True,
        True,
    )
    assert (by_name["s"].identity, by_name["s"].generated, by_name["s"].array, by_name["s"].domain) == (
        "",
        "",
        False,
        False,
    )
    assert (t.key, t.row_security, t.force_row_security, t.triggers) == (("id",), True, True, (("tr", "A"),))


def test_kinds_of_tables(found: Inventory) -> None:
    of = {table.name.table: table for table in found.tables}
    assert (of["u"].persistence, of["nopk"].key, of["nopk"].replica_identity) == ("u", (), "f")
    assert (of["part"].kind, of["part"].key, of["part"].holds_rows) == ("p", ("at", "id"), False)
    assert (of["part1"].partition_of, of["part1"].inherits) == (TableName("mine", "part"), False)
    assert (of["old_parent"].inherits, of["old_child"].inherits, of["old_child"].partition_of) == (True, True, None)
    assert of[ODD].columns[0].name == ODD
    assert {table.name.table for table in found.stored} == set(of) - {"part"}


def test_sequences(found: Inventory) -> None:
    of = {sequence.name.table: sequence for sequence in found.sequences}
    free = of["free"]
    assert (free.type, free.increment, free.minimum, free.maximum, free.cycle, free.cache, free.owned_by) == (
        "smallint",
        -2,
        -100,
        5,
        True,
        7,
        None,
    )
    assert of["t_id_seq"].owned_by == (TableName("mine", "t"), "id")
    assert of["t_s_seq"].owned_by == (TableName("mine", "t"), "s")


def test_what_crosses_the_edge(found: Inventory) -> None:
    assert [(key.name, key.validated) for key in found.crossing_keys] == [("t_par_fkey", False), ("child_t_fkey", True)]
    assert [key.name for key in found.inside_keys] == ["t_self_fkey"]
    assert {(one.kind, one.name, one.uses) for one in found.dependents} == {
        ("view", "mine.w", "other.parent"),
        ("policy", "p on mine.t", "other.parent"),
        ("function", "other.g()", "mine.t"),
        ("view", "other.v", "mine.t"),
    }
    assert set(found.other_relations) == {("view", "mine.w"), ("materialized view", "mine.mv")}
    assert found.large_objects == 1
    assert ("plpgsql", "1.0") in found.extensions


def test_a_service_without_anything(servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(sql("CREATE SCHEMA {}", ident("empty")))
    (row,) = session.query(question(["empty"], []))
    found = inventory(Side("main", "postgres"), ["empty"], str(row[0]))
    assert (found.tables, found.sequences, found.foreign_keys, found.dependents, found.large_objects) == (
        (),
        (),
        (),
        (),
        0,
    )


def test_how_many_rows_there_are_about(servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(raw("CREATE SCHEMA mine; CREATE TABLE mine.t (id int) WITH (autovacuum_enabled = off)"))

    def rows() -> int:
        (row,) = session.query(question(("mine",), ["postgres"]))
        (table,) = inventory(Side("main", "postgres"), ("mine",), str(row[0])).tables
        return table.rows

    assert rows() == 0
    session.execute(raw("INSERT INTO mine.t SELECT * FROM generate_series(1, 100000)"))
    assert 10_000 < rows() < 200_000  # nobody has counted them yet
    session.execute(raw("ANALYZE mine.t"))
    assert rows() == 100_000
    session.execute(raw("INSERT INTO mine.t SELECT * FROM mine.t"))
    assert 190_000 < rows() < 210_000
