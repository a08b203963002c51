"""The two transactions of a switch: one closes the side that serves, the other opens the side that has followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from freehold.move import advancing, control
from freehold.move.advancing import SequenceGrant
from freehold.move.machine import Phase
from freehold.move.model import ForeignKey, Inventory, Move, Table
from freehold.move.model import Sequence as Seq
from freehold.move.state import close, opened
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

SEQUENCE_GRANT = advancing.SEQUENCE_GRANT
FOREIGN_KEY = "foreign key"
VALIDATION = "validation of a foreign key"
REUNION = "reunion"
"""Under this, in the place of a move, keys are kept whose two ends live apart, until they are together again."""
GIVEN_BACK = (FOREIGN_KEY, SEQUENCE_GRANT)
"""What is given back in the transaction that opens a side."""
SHORTLY_MS = 25
"""How long others are kept from a table of theirs at a time, and then left alone, while a key is waited for."""


def guards(move: Move, tables: Iterable[Table], hint: str) -> tuple[Sql, ...]:
    """Put the resting guard on every table of the service."""
    return tuple(control.guard(name_of(table.name), move.service, hint) for table in tables)


def fence(
    move: Move,
    inventory: Inventory,
    grants: Iterable[SequenceGrant],
    crossing: Sequence[ForeignKey],
    token: str,
    attempt: str,
    phase: Phase,
    lock_timeout_ms: int,
) -> Sql:
    """Close a side, in one transaction and one round trip: no writer is inside when it commits, and none comes after.

    The barrier ``token`` is written behind everything. Grants on sequences and keys that cross the edge are taken
    away, having been kept by ``keep``: no table lock stops nextval, and a cascade from outside would be refused.
    Takes SHARE ROW EXCLUSIVE on every table of the service, and then, for as little as it can, ACCESS EXCLUSIVE on both
    tables of each key.
    """
    tables = [name_of(table.name) for table in inventory.tables]
    return _together(
        _inside(lock_timeout_ms),
        [
            *(
                [_does(sql("LOCK TABLE ONLY {} IN SHARE ROW EXCLUSIVE MODE", join(", ONLY ", tables)))]
                if tables
                else []
            ),
            *(_does(control.deny(table)) for table in tables),
            *(_does(one) for one in advancing.take(grants)),
            *_shortly(
                [
                    sql("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", name_of(key.table), ident(key.name))
                    for key in crossing
                ],
                lock_timeout_ms,
            ),
            _does(close(move, attempt, phase)),
            _does(control.barrier(move.id, token)),
        ],
    )


def open_up(
    move: Move,
    inventory: Inventory,
    epoch: int,
    attempt: str,
    phase: Phase,
    kept: Sequence[str],
    lock_timeout_ms: int,
) -> Sql:
    """Open a side, in one transaction: this is the commit point of a switch. ``kept`` is SQL that was kept when the
    side was closed before, and gives back what was taken then. Takes SHARE ROW EXCLUSIVE on every table, and on
    those at the other end of keys that come back."""
    tables = [name_of(table.name) for table in inventory.tables]
    return _together(
        _inside(lock_timeout_ms),
        [
            *(_does(control.allow(table)) for table in tables),
            *_shortly([Sql((text,)) for text in kept], lock_timeout_ms),
            _does(opened(move, attempt, epoch, phase)),
        ],
    )


def keep_grants(move: Move, grants: Iterable[SequenceGrant]) -> tuple[Sql, ...]:
    """Keep what gives the rights to advance sequences back. Runs before the fence."""
    return tuple(keep(move, SEQUENCE_GRANT, one.name, advancing.give(one)) for one in grants)


def keep_keys(move: Move, inventory: Inventory) -> tuple[Sql, ...]:
    """Keep what makes crossing keys again, unchecked, and what checks them afterwards, outside the switch."""
    whole = {table.name for table in inventory.tables if not table.holds_rows}
    found: list[Sql] = []
    for key in inventory.crossing_keys:
        name = f"{name_of(key.table)} {ident(key.name)}"
        found.append(keep(move, FOREIGN_KEY, name, again(key, checked=key.table in whole)))
        check = sql("ALTER TABLE {} VALIDATE CONSTRAINT {}", name_of(key.table), ident(key.name))
        found.append(keep(move, VALIDATION, name, check))
        found.append(keep_apart(key))
    return tuple(found)


def keep_apart(key: ForeignKey) -> Sql:
    """Keep a key whose two ends part, with the tables that must be together for it to come back."""
    return sql(
        "INSERT INTO freehold.move_kept (move, kind, name, sql, tables) VALUES ({}, {}, {}, {}, ARRAY[{}, {}])"
        " ON CONFLICT DO NOTHING",
        literal(REUNION),
        literal(FOREIGN_KEY),
        literal(f"{name_of(key.table)} {ident(key.name)}"),
        literal(again(key, checked=True).shown()),
        literal(name_of(key.table).shown()),
        literal(name_of(key.to).shown()),
    )


def united() -> Sql:
    """Name and SQL of each key kept for a reunion whose two ends are in this database as tables of their own: neither
    missing, nor foreign tables or replicas of what lives elsewhere. Third, whether the key can be made without a look
    at the rows, which would hold up who writes them."""
    return sql(
        "SELECT k.name, k.sql, (SELECT c.relkind = 'r' AND k.sql !~ ' NOT ENFORCED$' FROM pg_catalog.pg_class AS c"
        " WHERE c.oid = pg_catalog.to_regclass(k.tables[1]))"
        " FROM freehold.move_kept AS k WHERE k.move = {} AND (SELECT pg_catalog.bool_and("
        "coalesce(c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel AS s"
        " WHERE s.srrelid = c.oid OR s.srrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid))), false))"
        " FROM pg_catalog.unnest(k.tables) AS e (name)"
        " LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)) ORDER BY k.name",
        literal(REUNION),
    )


def unchecked() -> Sql:
    """What checks the keys of a reunion that were made without a look at the rows."""
    return sql(
        "SELECT pg_catalog.format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, c.relname, x.conname)"
        " FROM pg_catalog.pg_constraint AS x JOIN pg_catalog.pg_class AS c ON c.oid = x.conrelid AND c.relkind = 'r'"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN freehold.move_kept AS k ON k.name = {}"
        " WHERE x.contype = 'f' AND NOT x.convalidated AND k.move = {} AND k.sql !~ ' NOT ENFORCED$' ORDER BY 1",
        _KEPT_AS,
        literal(REUNION),
    )


_KEPT_AS = keyword(
    "'\"' || replace(n.nspname, '\"', '\"\"') || '\".\"' || replace(c.relname, '\"', '\"\"')"
    " || '\" \"' || replace(x.conname, '\"', '\"\"') || '\"'"
)
"""The name under which a key is kept: quoted always, as format('%I') would not."""


def keep(move: Move, kind: str, name: str, what: Sql) -> Sql:
    """Keep SQL for later, in the database where it is sent; what was kept first stays."""
    return sql(
        "INSERT INTO freehold.move_kept (move, kind, name, sql) VALUES ({}, {}, {}, {}) ON CONFLICT DO NOTHING",
        literal(move.id),
        literal(kind),
        literal(name),
        literal(what.shown()),
    )


def again(key: ForeignKey, *, checked: bool) -> Sql:
    """The key, made again; ``checked``: with a look at the rows that are there, as a partitioned table needs it."""
    definition = key.definition.removesuffix(" NOT VALID")
    return sql(
        "ALTER TABLE {} ADD CONSTRAINT {} {}{}",
        name_of(key.table),
        ident(key.name),
        Sql((definition,)),
        Sql(()) if checked else keyword(" NOT VALID"),
    )


def kept(move: Move) -> Sql:
    """What was kept on this side: kind, name and SQL."""
    return sql("SELECT kind, name, sql FROM freehold.move_kept WHERE move = {} ORDER BY kind, name", literal(move.id))


def away(move: Move) -> Sql:
    """The name of each key that was kept on this side and is not there, and what makes it again."""
    return sql(
        "SELECT k.name, k.sql FROM freehold.move_kept AS k WHERE k.move = {} AND k.kind = {} AND NOT EXISTS ("
        " SELECT FROM pg_catalog.pg_constraint AS x JOIN pg_catalog.pg_class AS c ON c.oid = x.conrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE x.contype = 'f' AND k.name = {})"
        " ORDER BY k.name",
        literal(move.id),
        literal(FOREIGN_KEY),
        _KEPT_AS,
    )


def forget(move: Move, kind: str) -> Sql:
    return sql("DELETE FROM freehold.move_kept WHERE move = {} AND kind = {}", literal(move.id), literal(kind))


def read_sequences(sequences: Sequence[Seq]) -> Sql:
    """Position, last_value and is_called of each sequence, in one statement."""
    return sql(
        "SELECT * FROM ({}) AS s ORDER BY 1",
        join(
            " UNION ALL ",
            [
                sql("SELECT {}, last_value, is_called FROM {}", n, name_of(sequence.name))
                for n, sequence in enumerate(sequences)
            ],
        ),
    )


def set_sequences(sequences: Sequence[Seq], values: Iterable[tuple[int, int, bool]]) -> Sql:
    """Give each sequence the value that it has on the other side, in one statement."""
    return sql(
        "SELECT {}",
        join(
            ", ",
            [
                sql(
                    "pg_catalog.setval({}::pg_catalog.regclass, {}, {})",
                    literal(name_of(sequences[n].name).shown()),
                    value,
                    keyword("true") if called else keyword("false"),
                )
                for n, value, called in values
            ],
        ),
    )


def _inside(lock_timeout_ms: int) -> list[Sql]:
    return [
        sql("SET LOCAL lock_timeout = {}", lock_timeout_ms),
        keyword("SET LOCAL freehold.moving = 'on'"),
    ]


def _together(settings: Sequence[Sql], work: Iterable[Sql]) -> Sql:
    # sent as one they are one transaction, where an explicit BEGIN would outlive an error; and what waits for locks is
    # one statement, so that one timeout is that of all of it
    body = sql("DECLARE began timestamptz; BEGIN {}; END", join("; ", work))
    return join("; ", [*settings, sql("DO {}", literal(body.shown()))])


def _does(statement: Sql) -> Sql:
    return sql("EXECUTE {}", literal(statement.shown()))


def _shortly(statements: Sequence[Sql], within_ms: int) -> tuple[Sql, ...]:
    """What needs locks on tables of other services too, in PL/pgSQL: all of it, or nothing and again. Who comes after
    one that waits for such a lock waits behind it: so none is waited for longer than ``SHORTLY_MS`` at a time."""
    if not statements:
        return ()
    return (
        keyword("began := pg_catalog.clock_timestamp()"),
        _does(sql("SET LOCAL lock_timeout = {}", SHORTLY_MS)),
        sql(
            "LOOP BEGIN {}; EXIT; EXCEPTION WHEN lock_not_available THEN"
            " IF pg_catalog.clock_timestamp() - began > {} * interval '1 ms' THEN RAISE; END IF;"
            " PERFORM pg_catalog.pg_sleep({} / 1000.0); END; END LOOP",
            join("; ", [_does(one) for one in statements]),
            within_ms,
            SHORTLY_MS,
        ),
        _does(sql("SET LOCAL lock_timeout = {}", within_ms)),
    )


def within(what: Sql, ms: float) -> Sql:
    """Let what ``fence`` or ``open_up`` says take no longer; past that the server ends it with 57014, undone."""
    return sql("SET LOCAL statement_timeout = {}; {}", max(1, int(ms)), what)


def name_of(name: TableName) -> Sql:
    return ident(name.schema, name.table)
