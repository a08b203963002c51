"""How far each table is, written in its own database: what makes a second run go on where the first was killed.

A batch of rows is a transaction of a login that has no right in the control schema, so its mark cannot stand in the
same transaction. Instead Freehold's own session notes, before the batch commits, which transaction it is, and how far
the table is once that one is committed. Whoever comes later asks the server what became of the transaction, and knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

TABLE: tuple[Sql, ...] = (
    keyword("""\
CREATE TABLE IF NOT EXISTS freehold.seed (
    "schema" text NOT NULL,
    "table" text NOT NULL,
    recipe text NOT NULL,
    seed text NOT NULL,
    anchor bigint NOT NULL,
    base bigint NOT NULL,
    target bigint NOT NULL,
    loaded bigint NOT NULL,
    pending bigint,
    pending_xid xid8,
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY ("schema", "table"),
    CHECK (loaded BETWEEN 0 AND target),
    CHECK ((pending IS NULL) = (pending_xid IS NULL))
)"""),
    keyword("REVOKE ALL ON freehold.seed FROM PUBLIC"),
    keyword("COMMENT ON TABLE freehold.seed IS 'How far each table is filled with made-up rows'"),
)
"""Makes the table of marks; each statement may run again."""

READY = keyword(
    "SELECT pg_catalog.to_regnamespace('freehold') IS NOT NULL, pg_catalog.to_regclass('freehold.seed') IS NOT NULL"
)
"""Whether the control schema is there, and the table of marks in it."""

XID = keyword("SELECT pg_catalog.pg_current_xact_id()::text")


@dataclass(frozen=True, slots=True)
class Mark:
    """``loaded`` rows of ``target`` are there; ``base`` is the target of the first load. ``recipe`` is the digest of
    what the rows were made from, ``anchor`` the moment from which relative ones counted."""

    recipe: str
    seed: str
    anchor: int
    base: int
    target: int
    loaded: int

    @property
    def done(self) -> bool:
        return self.loaded == self.target


def read() -> Sql:
    """Every mark of a database."""
    return keyword(
        'SELECT "schema", "table", recipe, seed, anchor, base, target, loaded, pending, pending_xid::text'
        " FROM freehold.seed ORDER BY 1, 2"
    )


def status(xid: str) -> Sql:
    """What became of a transaction: committed, aborted, in progress, or NULL when the server no longer knows.
    An identity from the future (the server crashed and forgot it) is refused with 22023: it did not commit."""
    return sql("SELECT pg_catalog.pg_xact_status({}::xid8)", literal(xid))


def mark_of(row: Sequence[object], committed: bool) -> tuple[TableName, Mark]:
    """A row of ``read`` as a mark; ``committed`` tells what became of its last transaction."""
    anchor, base, target = (int(str(value)) for value in row[4:7])
    mark = Mark(str(row[2]), str(row[3]), anchor, base, target, int(str(row[8 if committed else 7])))
    return TableName(str(row[0]), str(row[1])), mark


def begin(table: TableName, mark: Mark) -> Sql:
    """Writes a mark: a table is about to be filled."""
    return sql(
        'INSERT INTO freehold.seed AS s ("schema", "table", recipe, seed, anchor, base, target, loaded)'
        " VALUES ({}, {}, {}, {}, {}, {}, {}, {})"
        ' ON CONFLICT ("schema", "table") DO UPDATE SET recipe = excluded.recipe, seed = excluded.seed,'
        " anchor = excluded.anchor, base = excluded.base, target = excluded.target, loaded = excluded.loaded,"
        " pending = NULL, pending_xid = NULL, updated_at = pg_catalog.clock_timestamp()",
        literal(table.schema),
        literal(table.table),
        literal(mark.recipe),
        literal(mark.seed),
        mark.anchor,
        mark.base,
        mark.target,
        mark.loaded,
    )


def pending(table: TableName, loaded: int, then: int, xid: str) -> Sql:
    """Notes the transaction that is about to commit, and how many rows are there once it did."""
    return sql(
        "UPDATE freehold.seed SET loaded = {}, pending = {}, pending_xid = {}::xid8,"
        ' updated_at = pg_catalog.clock_timestamp() WHERE "schema" = {} AND "table" = {}',
        loaded,
        then,
        literal(xid),
        literal(table.schema),
        literal(table.table),
    )


def reached(table: TableName, loaded: int) -> Sql:
    """Notes that so many rows are there, and that nothing is under way."""
    return sql(
        "UPDATE freehold.seed SET loaded = {}, pending = NULL, pending_xid = NULL,"
        ' updated_at = pg_catalog.clock_timestamp() WHERE "schema" = {} AND "table" = {}',
        loaded,
        literal(table.schema),
        literal(table.table),
    )


def settled(table: TableName) -> Sql:
    """Notes that the last transaction was committed and the table is full; nothing where that is noted already. Left
    unsaid, the server would one day no longer know what became of the transaction."""
    return sql(
        "UPDATE freehold.seed SET loaded = target, pending = NULL, pending_xid = NULL,"
        ' updated_at = pg_catalog.clock_timestamp() WHERE "schema" = {} AND "table" = {} AND pending IS NOT NULL',
        literal(table.schema),
        literal(table.table),
    )


def forget(table: TableName) -> Sql:
    """Removes a mark: the table was emptied."""
    return sql(
        'DELETE FROM freehold.seed WHERE "schema" = {} AND "table" = {}', literal(table.schema), literal(table.table)
    )


def copy(table: TableName, columns: Sequence[str]) -> Sql:
    """The COPY that takes the rows."""
    return sql("COPY {} ({}) FROM STDIN", ident(table.schema, table.table), _listed(columns))


def forced(table: TableName) -> Sql:
    """Whether row level security is forced on the table's owner."""
    return sql(
        "SELECT c.relforcerowsecurity AND c.relrowsecurity FROM pg_catalog.pg_class AS c"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {}",
        literal(table.schema),
        literal(table.table),
    )


def advance(sequence: tuple[str, str], last: int) -> Sql:
    """Lets a sequence go on behind the numbers that were written; never back."""
    name = ident(*sequence)
    return sql(
        "SELECT pg_catalog.setval({}::pg_catalog.regclass, {}) FROM {} WHERE NOT (is_called AND last_value >= {})",
        literal(name.shown()),
        last,
        name,
        last,
    )


def which_have_rows(tables: Sequence[TableName]) -> Sql:
    """For each table, in order, whether it has any row."""
    return _each(sql("(SELECT EXISTS (SELECT FROM {}))", ident(name.schema, name.table)) for name in tables)


def which_have_bytes(tables: Sequence[TableName]) -> Sql:
    """For each table, in order, whether it or a partition of it takes any room; needs no right on the table."""
    return _each(
        sql(
            "(SELECT pg_catalog.pg_relation_size(r) > 0 OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree(r) AS p"
            " WHERE p.isleaf AND pg_catalog.pg_relation_size(p.relid) > 0)"
            " FROM (SELECT {}::pg_catalog.regclass) AS x (r))",
            literal(ident(name.schema, name.table).shown()),
        )
        for name in tables
    )


def _each(answers: Iterable[Sql]) -> Sql:
    return sql("SELECT a FROM pg_catalog.unnest(ARRAY[{}]) WITH ORDINALITY AS t (a, n) ORDER BY n", join(", ", answers))


def _listed(names: Sequence[str]) -> Sql:
    return join(", ", (ident(name) for name in names))
