"""Mirrors: what stands in a reader's database for the tables it reads elsewhere, and the SQL from one state to another.

A mirror has the schema, the name and the columns of its source, so that a reader's SQL means the same wherever the two
live. Types that PostgreSQL does not bring are treated so:

- an enum is made again with the same labels, a domain over the same type but without its checks, both under their own
  names in the mirrored schema, when they stand in the schema of the table;
- a type of an extension is itself where the reader's database has that extension too;
- everything else (composite types, types of other schemas) is text under the name ``freehold_text``, a domain, so that
  PostgreSQL never sends a comparison with it to the source, which would not understand it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from freehold.found.links import Column, ForeignTable, Shape, UserType
from freehold.found.model import Contents, Object
from freehold.layouts.model import LinkedTable
from freehold.plan.look import RELATIONS
from freehold.plan.mirror_types import drop_type, grows, make_type
from freehold.plan.standing import let_go, put_back
from freehold.spec.model import Via
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql

TEXT = "freehold_text"
INCOMPARABLE = frozenset({"json", "xml", "point", "polygon", "txid_snapshot", "pg_snapshot"})
"""Types without an equality: a changed row of a table without a key could not be found again."""
NO_WRITES = ("updatable", "false")
SOURCES = {Via.FOREIGN_TABLE: RELATIONS, Via.REPLICA: frozenset({"TABLE", "PARTITIONED TABLE"})}
"""What can be read in each way."""


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table of the mirror. ``server`` is empty for a replica, ``key`` for a foreign table; ``readers`` are roles."""

    name: str
    columns: tuple[Column, ...]
    server: str = ""
    options: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def same(self, other: LocalTable) -> bool:
        """Whether the two differ in nothing but who reads."""
        return replace(self, readers=()) == replace(other, readers=())

    @property
    def kind(self) -> Sql:
        return keyword("FOREIGN TABLE") if self.server else keyword("TABLE")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirrored schema: its types by name, its tables by name, and the roles that may look into it."""

    schema: str
    types: tuple[UserType, ...] = ()
    tables: tuple[LocalTable, ...] = ()
    readers: tuple[str, ...] = ()
    there: bool = True

    def table(self, name: str) -> LocalTable | None:
        return next((table for table in self.tables if table.name == name), None)


def covered(tables: Iterable[LinkedTable], source: Contents, schema: str) -> dict[str, tuple[Via, frozenset[str]]]:
    """The relations of the source that are read in ``schema``: name to how and by which services."""
    kinds = {item.name: item.kind for item in source.objects if item.schema == schema and not item.extension}
    shapes = {shape.name: shape for shape in source.shapes if shape.schema == schema}
    found: dict[str, tuple[Via, frozenset[str]]] = {}
    for table in tables:
        if table.name.schema != schema:
            continue
        # the partitions of a table are read through it: they come and go
        names = sorted(set(kinds) & set(shapes)) if table.name.table == "*" else [table.name.table]
        for name in names:
            if name in shapes and kinds.get(name) in SOURCES[table.via] and not why_not(shapes[name], table.via):
                before = found.get(name, (table.via, frozenset[str]()))[1]
                found[name] = (table.via, before | set(table.readers))
    return found


def why_not(shape: Shape, via: Via) -> str:
    """Why a table cannot be followed by a replica; empty when it can, and for a foreign table."""
    if via is Via.FOREIGN_TABLE:
        return ""
    if shape.chunked:
        return "it is a hypertable, and the changes of its rows are those of its chunks"
    if shape.persistence != "p":
        return "it is unlogged or temporary, and its changes are in no log"
    if shape.row_security:
        return "it has row security, and a replica would hold what its policies hide"
    blind = [column.name for column in shape.columns if column.type.removesuffix("[]") in INCOMPARABLE]
    if not shape.key and blind:
        return f"it has no primary key, and rows cannot be told apart by column {ident(blind[0])}"
    return ""


def wanted_mirror(
    tables: Iterable[LinkedTable],
    schema: str,
    server: str,
    source: Contents,
    reader: Contents,
    roles: Mapping[str, tuple[str, ...]],
) -> Mirror:
    """The mirror of ``schema`` for the source as it stands; ``roles`` are those of each reading service that read."""
    some = tuple(tables)
    shapes = {shape.name: shape for shape in source.shapes if shape.schema == schema}
    types = {(one.schema, one.name): one for one in source.types}
    here = {(one.schema, one.name) for one in reader.types if one.extension in reader.extensions}
    used: dict[str, UserType] = {}
    found = []
    for name, (via, services) in sorted(covered(some, source, schema).items()):
        shape = shapes[name]
        columns = tuple(_local(column, schema, types, here, used) for column in shape.columns)
        logins = tuple(sorted({role for service in services for role in roles[service]}))
        if via is Via.REPLICA:
            found.append(LocalTable(name, columns, key=shape.key, readers=logins))
        else:
            plain = tuple(replace(column, generated="") for column in columns)
            options = tuple(sorted((("schema_name", schema), ("table_name", name), NO_WRITES)))
            found.append(LocalTable(name, plain, server, options, readers=logins))
    everybody = {role for table in some if table.name.schema == schema for s in table.readers for role in roles[s]}
    return Mirror(schema, tuple(used[name] for name in sorted(used)), tuple(found), tuple(sorted(everybody)))


def present_mirror(schema: str, owner: str, reader: Contents) -> Mirror:
    """The mirror of ``schema`` as it stands in the reader's database."""
    row = reader.schemas.get(schema)
    if row is None or row.owner != owner:
        return Mirror(schema, there=False)
    shapes = {shape.name: shape for shape in reader.shapes if shape.schema == schema}
    foreign = {one.name: one for one in reader.foreign_tables if one.schema == schema}
    tables = [
        _present(item, shapes[item.name], foreign.get(item.name))
        for item in sorted(reader.objects, key=lambda item: item.name)
        if item.schema == schema and item.owner == owner and item.kind in ("TABLE", "FOREIGN TABLE")
    ]
    types = tuple(one for one in reader.types if one.schema == schema and not one.extension)
    readers = tuple(sorted({g.grantee for g in row.acl if g.privilege == "USAGE" and g.grantee != owner}))
    return Mirror(schema, types, tuple(tables), readers)


def changes(want: Mirror, have: Mirror, owner: str, acting_as: str, *, only: bool = False) -> tuple[Sql, ...]:
    """The statements from ``have`` to ``want``; tables and types that are not wanted stay, unless ``only``."""
    return tuple(_changes(want, have, owner, acting_as, only=only))


def rebuilt(want: Mirror, have: Mirror) -> frozenset[str]:
    """The tables that are made anew because their columns, their types or their source changed."""
    stale = {
        (want.schema, one.name)
        for one in have.types
        if (to := _type(want, one.name)) is not None and not grows(one, to)
    }
    return frozenset(
        table.name
        for table in have.tables
        if (now := want.table(table.name)) is not None
        and (not now.same(table) or any(column.of in stale for column in table.columns))
    )


def drop_tables(mirror: Mirror, names: Iterable[str]) -> Iterator[Sql]:
    """Drop some tables of a mirror; refused while something depends on them."""
    for table in mirror.tables:
        if table.name in set(names):
            yield sql("DROP {} {}", table.kind, ident(mirror.schema, table.name))


def drop_all(mirror: Mirror) -> Iterator[Sql]:
    """Drop a mirror with its schema; refused while something depends on it."""
    yield from drop_tables(mirror, [table.name for table in mirror.tables])
    # a domain may rest on nothing but PostgreSQL's own types, so any order will do
    for one in mirror.types:
        yield drop_type(mirror.schema, one)
    yield sql("DROP SCHEMA {}", ident(mirror.schema))


def _changes(want: Mirror, have: Mirror, owner: str, acting_as: str, *, only: bool) -> Iterator[Sql]:
    schema = want.schema
    if not have.there:
        yield sql("CREATE SCHEMA {} AUTHORIZATION {}", ident(schema), ident(owner))
    grants = [
        sql("GRANT USAGE ON SCHEMA {} TO {}", ident(schema), ident(role))
        for role in want.readers
        if role not in have.readers
    ]
    again = rebuilt(want, have)
    gone = {table.name for table in have.tables if want.table(table.name) is None} if only else set()
    if again:
        yield let_go(schema, sorted(again))
    yield from drop_tables(have, again | gone)
    for one in want.types:
        yield from make_type(schema, one, _type(have, one.name), owner)
    if only:
        yield from (drop_type(schema, one) for one in have.types if _type(want, one.name) is None)
    for table in want.tables:
        before = have.table(table.name)
        if before is None or table.name in again:
            yield _create(schema, table)
            yield sql("ALTER {} {} OWNER TO {}", table.kind, ident(schema, table.name), ident(owner))
        held = () if before is None or table.name in again else before.readers
        lacking = [role for role in table.readers if role not in held]
        grants += [sql("GRANT SELECT ON TABLE {} TO {}", ident(schema, table.name), ident(role)) for role in lacking]
    if grants:
        yield from ((sql("SET LOCAL ROLE {}", ident(acting_as)),) if acting_as else ())
        yield from grants
        yield from ((keyword("RESET ROLE"),) if acting_as else ())
    if again:
        yield put_back()


def _create(schema: str, table: LocalTable) -> Sql:
    parts = [_column(column) for column in table.columns]
    if table.key:
        parts.append(sql("PRIMARY KEY ({})", join(", ", [ident(name) for name in table.key])))
    body = sql("{} ({})", ident(schema, table.name), join(", ", parts))
    if not table.server:
        return sql("CREATE TABLE {}", body)
    # the names of options are our own, their values are literals
    options = join(", ", [sql("{} {}", raw(name), literal(value)) for name, value in table.options])
    return sql("CREATE FOREIGN TABLE {} SERVER {} OPTIONS ({})", body, ident(table.server), options)


def _column(column: Column) -> Sql:
    # types and expressions are the server's own words, quoted by it
    collation = sql(" COLLATE {}", ident("pg_catalog", column.collation)) if column.collation else Sql(())
    generated = sql(" GENERATED ALWAYS AS ({}) STORED", raw(column.generated)) if column.generated else Sql(())
    return sql("{} {}{}{}", ident(column.name), raw(column.type), collation, generated)


def _local(
    column: Column,
    schema: str,
    types: Mapping[tuple[str, str], UserType],
    here: set[tuple[str, str]],
    used: dict[str, UserType],
) -> Column:
    """The column as the mirror has it; what types it needs is added to ``used``."""
    if column.of is None or column.of in here:
        return column
    known = types.get(column.of)
    own = known is not None and known.schema == schema and not known.extension
    if known is not None and own and (known.kind == "e" or (known.kind == "d" and known.base)):
        used[known.name] = known
        return column
    used[TEXT] = UserType(schema, TEXT, "d", base="text")
    return _as_text(column, schema)


def _as_text(column: Column, schema: str) -> Column:
    suffix = "[]" if column.array else ""
    return replace(column, type=f"{ident(schema, TEXT)}{suffix}", of=(schema, TEXT), collation="")


def _present(item: Object, shape: Shape, foreign: ForeignTable | None) -> LocalTable:
    readers = tuple(sorted({g.grantee for g in item.acl if g.privilege == "SELECT" and g.grantee != item.owner}))
    # one way to write a type, whatever the server leaves unquoted
    columns = tuple(_as_text(c, item.schema) if c.of == (item.schema, TEXT) else c for c in shape.columns)
    if foreign is None:
        return LocalTable(item.name, columns, key=shape.key, readers=readers)
    return LocalTable(item.name, columns, foreign.server, foreign.options, readers=readers)


def _type(mirror: Mirror, name: str) -> UserType | None:
    return next((one for one in mirror.types if one.name == name), None)
