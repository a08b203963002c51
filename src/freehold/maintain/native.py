"""The SQL with which PostgreSQL's own partitions are made, filled, detached and dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.maintain.catalog import bound, moment, regclass, table
from freehold.maintain.model import AddPartition, State
from freehold.plan.partitions import sub_name
from freehold.spec.series import TimeSeries
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, join, keyword, raw, sql

BOUNDS = "freehold_bounds"
"""The name of a check that tells PostgreSQL at ATTACH what it would else read the whole partition for."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a new partition takes over, and what stands in the way of moving rows into it.

    ``options`` are the storage parameters of the newest partition; ``columns`` are those that are stored as they are
    given. ``watched``: rows that leave the default partition would fire a trigger or a foreign key; ``always``: even
    a session in the role replica would fire one. ``inherits_identity``: partitions have their table's identity column
    (PostgreSQL 17), which an ATTACH gives to the partition and forgets to give to the partition's own parts.
    """

    secured: bool
    replica_identity: str
    options: tuple[str, ...]
    columns: tuple[str, ...]
    watched: bool
    always: bool
    inherits_identity: bool


def traits_of(name: TableName) -> Sql:
    """One row for ``traits``."""
    return sql(
        "SELECT c.relrowsecurity, c.relreplident::text,"
        " (SELECT p.reloptions FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid"
        "  WHERE i.inhparent = c.oid AND p.relkind = 'r' ORDER BY p.oid DESC LIMIT 1),"
        " (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a"
        "  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),"
        # row triggers for DELETE (bit 3) and the actions of foreign keys that refer to the table
        " EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgtype & 9 = 9"
        "  AND t.tgenabled <> 'D'),"
        " EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgtype & 9 = 9"
        "  AND t.tgenabled IN ('R', 'A')),"
        " EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attidentity <> '')"
        "  AND pg_catalog.current_setting('server_version_num')::integer >= 170000"
        " FROM pg_catalog.pg_class AS c WHERE c.oid = {}",
        regclass(name),
    )


def traits(row: Sequence[object]) -> Traits:
    secured, identity, options, columns, watched, always, inherits = row
    return Traits(
        secured is True,
        str(identity),
        tuple(str(item) for item in options) if isinstance(options, list) else (),
        tuple(str(item) for item in columns) if isinstance(columns, list) else (),
        watched is True,
        always is True,
        inherits is True,
    )


def create(series: TimeSeries, name: TableName, action: AddPartition, state: State, has: Traits) -> tuple[Sql, ...]:
    """Makes the table that will be the partition; nobody else sees it before it is attached."""
    here = table(name)
    storage = sql(" WITH ({})", raw(", ".join(has.options))) if has.options else Sql(())
    spread = sql(" PARTITION BY HASH ({})", ident(series.space.column)) if series.space else storage
    like = sql(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION"
        " INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STATISTICS){}",
        here,
        table(series.table),
        spread,
    )
    check = sql(
        "ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} >= {} AND {} < {})",
        here,
        ident(BOUNDS),
        ident(series.column),
        moment(action.lower, state.column_type),
        ident(series.column),
        moment(action.upper, state.column_type),
    )
    count = series.space.partitions if series.space else 0
    parts = [ident(name.schema, sub_name(name.table, number)) for number in range(count)]
    made = [
        sql("CREATE TABLE {} PARTITION OF {} {}{}", part, here, _spread(series, number), storage)
        for number, part in enumerate(parts)
    ]
    leaves = [here, *parts]
    # whoever reads a partition itself is not asked by the policies of the table; without a policy of its own, a
    # partition shows nothing
    secured = [sql("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", one) for one in leaves] if has.secured else []
    word = {"f": keyword("FULL"), "n": keyword("NOTHING")}.get(has.replica_identity)
    replica = [sql("ALTER TABLE {} REPLICA IDENTITY {}", one, word) for one in leaves] if word else []
    return (like, check, *made, *secured, *replica)


def _spread(series: TimeSeries, number: int) -> Sql:
    assert series.space is not None
    return sql("FOR VALUES WITH (MODULUS {}, REMAINDER {})", series.space.partitions, number)


def unlink(series: TimeSeries, name: TableName, has: Traits) -> tuple[Sql, ...]:
    """Before the ATTACH: takes the parts off a partition that gives them an identity column when they come back."""
    count = series.space.partitions if series.space and has.inherits_identity else 0
    return tuple(
        sql("ALTER TABLE {} DETACH PARTITION {}", table(name), ident(name.schema, sub_name(name.table, number)))
        for number in range(count)
    )


def relink(series: TimeSeries, name: TableName, has: Traits) -> tuple[Sql, ...]:
    """After the ATTACH: the parts come back, without the check that the partition itself has lost by then."""
    found: list[Sql] = []
    for number in range(series.space.partitions if series.space and has.inherits_identity else 0):
        part = ident(name.schema, sub_name(name.table, number))
        found.append(sql("ALTER TABLE {} DROP CONSTRAINT {}", part, ident(BOUNDS)))
        found.append(sql("ALTER TABLE {} ATTACH PARTITION {} {}", table(name), part, _spread(series, number)))
    return tuple(found)


def move(
    series: TimeSeries, default: TableName, name: TableName, action: AddPartition, state: State, has: Traits
) -> Sql:
    """Moves the rows of the piece out of the default partition; one row with their number."""
    columns = join(", ", (ident(column) for column in has.columns))
    return sql(
        "WITH gone AS (DELETE FROM ONLY {} WHERE {} >= {} AND {} < {} RETURNING {}),"
        " come AS (INSERT INTO {} ({}) SELECT {} FROM gone RETURNING 1) SELECT pg_catalog.count(*) FROM come",
        table(default),
        ident(series.column),
        moment(action.lower, state.column_type),
        ident(series.column),
        moment(action.upper, state.column_type),
        columns,
        table(name),
        columns,
        columns,
    )


def attach(parent: TableName, name: TableName, action: AddPartition, state: State) -> tuple[Sql, ...]:
    """Makes the table a partition; the check has then said all it had to say."""
    return (
        sql(
            "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})",
            table(parent),
            table(name),
            bound(action.lower, state.column_type),
            bound(action.upper, state.column_type),
        ),
        sql("ALTER TABLE {} DROP CONSTRAINT {}", table(name), ident(BOUNDS)),
    )


def lock(name: TableName, *, only: bool, mode: Sql) -> Sql:
    """Takes a lock; ``only``: not on the partitions."""
    return sql("LOCK TABLE {}{} IN {} MODE", keyword("ONLY ") if only else Sql(()), table(name), mode)


WRITERS_WAIT = keyword("SHARE ROW EXCLUSIVE")
DDL_WAITS = keyword("SHARE UPDATE EXCLUSIVE")
ALL_WAIT = keyword("ACCESS EXCLUSIVE")


def detach(parent: TableName, name: TableName, how: Sql) -> Sql:
    """``how``: nothing, CONCURRENTLY, or FINALIZE."""
    return sql("ALTER TABLE {} DETACH PARTITION {}{}", table(parent), table(name), how)


PLAINLY = Sql(())
CONCURRENTLY = keyword(" CONCURRENTLY")
FINALIZE = keyword(" FINALIZE")


def drop(name: TableName) -> Sql:
    return sql("DROP TABLE {}", table(name))


def size(name: TableName) -> Sql:
    """(bytes with indexes, estimated rows or NULL) of a partition and its parts."""
    return sql(
        "SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(t.relid))::bigint,"
        " CASE WHEN pg_catalog.bool_and(c.reltuples >= 0) THEN pg_catalog.sum(c.reltuples)::bigint END"
        " FROM pg_catalog.pg_partition_tree({}) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.relid WHERE t.isleaf",
        regclass(name),
    )


def taken(name: TableName) -> Sql:
    """Whether a relation of this name is there."""
    return sql("SELECT {} IS NOT NULL", regclass(name))


def attached(name: TableName) -> Sql:
    """Whether the table is a partition and no DETACH of it is pending; no row when it is gone."""
    return sql(
        "SELECT c.relispartition AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i"
        " WHERE i.inhrelid = c.oid AND i.inhdetachpending) FROM pg_catalog.pg_class AS c WHERE c.oid = {}",
        regclass(name),
    )


def attach_again(parent: TableName, name: TableName, bound: str) -> Sql:
    """Makes a partition again of what was one; ``bound`` is as PostgreSQL wrote it."""
    return sql("ALTER TABLE {} ATTACH PARTITION {} {}", table(parent), table(name), raw(bound))


MAY_REPLICA = keyword("SELECT pg_catalog.has_parameter_privilege(session_user, 'session_replication_role', 'SET')")


def as_replica(owner: str) -> tuple[Sql, ...]:
    """No trigger fires and no foreign key acts: a row that only changes its partition stays what it was for everybody.

    The right to it is the short-lived login's own, and not that of the owner role as which it acts.
    """
    return (
        keyword("SET LOCAL ROLE NONE"),
        keyword("SET LOCAL session_replication_role = replica"),
        sql("SET LOCAL ROLE {}", ident(owner)),
    )
