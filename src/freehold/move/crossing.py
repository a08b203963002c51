"""What crosses the edge of a service without being a row or a key: views, functions and policies that read another's
tables. Which of them go on where the two are apart, and why another cannot.

A table that a service declares to read has the same schema and name in the service's own database, wherever its owner
lives: it is the table itself, a foreign table or a replica. So a definition that names only such tables means the same
in every layout, and none is ever rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from freehold.move.bodies import Touched, base_of, path_of, touched
from freehold.move.facts import Facts
from freehold.move.texts import Routine
from freehold.spec.model import TableName
from freehold.spec.names import written_table
from freehold.sqltext import ident

READERS = frozenset({"view", "materialized view", "function", "procedure", "policy"})
"""What may read another service's tables from another database."""
READ, WRITE, NEITHER = "reads", "writes", "uses"
_RELATIONS = frozenset({"table", "view", "materialized view", "foreign table"})


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Something in ``schema`` that reads, writes, or uses otherwise something of another service. ``name`` and
    ``shown`` are quoted as SQL; ``writers`` are who may write through it, where it is a
    view; ``strange`` are columns that it reads whose type only their own database knows."""

    kind: str
    name: str
    schema: str
    how: str
    to: TableName
    shown: str
    writers: str = ""
    strange: str = ""


def uses(facts: Facts) -> tuple[Use, ...]:
    """Everything of that kind, on both sides of the edge, but for what stays together."""
    found = {*_bound(facts), *_in_texts(facts)}
    # what the server knows to be used by a function with a SQL body is told by its text again, with what for
    told = {(one.name, one.to) for one in found if one.how == WRITE}
    return tuple(sorted(one for one in found if one.how != READ or (one.name, one.to) not in told))


def undecided(facts: Facts) -> Iterator[tuple[Routine, str]]:
    """Functions of which it cannot be told what they do on the other side, and why."""
    for routine in facts.texts:
        for why in sorted(_touched(facts, routine).undecided):
            yield routine, why


def stands_apart(facts: Facts, schema: str, other: str) -> bool:
    """Whether the two ends are on different sides and will be under different owners."""
    away = other if schema in facts.move.schemas else schema
    return away not in facts.moving


def trouble(facts: Facts, use: Use) -> tuple[str, str] | None:
    """Why a use that reads cannot go on, and what to do; None where it goes on."""
    reader, owner = facts.services.get(use.schema), facts.services.get(use.to.schema)
    drop = f"DROP {use.kind.upper()} {use.name}"
    of = f'{use.shown} of service "{owner or use.to.schema}"'
    if use.writers:
        revoke = f"REVOKE INSERT, UPDATE, DELETE ON TABLE {use.name} FROM {use.writers}"
        return f"it can be written through, into {of}", revoke
    if use.how != READ or use.kind not in READERS or reader is None or owner is None:
        return f"it {NEITHER if use.how == READ else use.how} {of}", drop
    if facts.near.relations.get(use.to) == "partition":
        return f"it reads {of}, a partition: only the whole table can be read from elsewhere", drop
    read = _declared(facts, reader, use.to)
    if read is None:
        return f"it reads {of} without a declaration", reads_lines(reader, use.to)
    if use.to.schema in facts.there and use.schema in facts.move.schemas:
        return None  # it reads the table itself
    if use.to.schema in facts.arriving:
        first = f"freehold move cutover --service {facts.arriving[use.to.schema]}"
        return f"it reads {of}, which is on its way to the same database and not there yet", first
    if use.to in facts.near.secured:
        return f"it reads {of}, whose row security would hide rows from a link", drop
    if use.strange:
        return f"it reads {use.strange} of {of}, which would be text elsewhere", drop
    copied = read in facts.replicas.get(reader, ())
    if copied and use.schema not in facts.move.schemas:
        return (
            f"it reads {of}, and would find its replica empty while that is copied for the first time",
            f'Move service "{reader}" first, or read it as a foreign table until the move is completed.',
        )
    if copied and facts.near.relations.get(use.to, "table") != "table":
        return f"it reads {of}, which is no table: a replica can only be of one", drop
    return None


def reads_lines(service: str, table: TableName) -> str:
    """The lines that declare the read."""
    return f"services:\n  {scalar(service)}:\n    reads:\n      - {scalar(written_table(table))}"


def through(facts: Facts, use: Use) -> str:
    """How a use that goes on will read, in words."""
    reader = facts.services[use.schema]
    if use.to.schema in facts.there and use.schema in facts.move.schemas:
        return "as the table itself"
    copied = _declared(facts, reader, use.to) in facts.replicas.get(reader, ())
    return "as a replica" if copied else "as a foreign table"


def scalar(text: str) -> str:
    """A text as YAML: plain where nothing in it means more, else as JSON, which YAML reads."""
    return text if text.replace("_", "a").replace(".", "a").isalnum() else json.dumps(text, ensure_ascii=False)


def _declared(facts: Facts, service: str, table: TableName) -> TableName | None:
    reads = facts.reads.get(service, ())
    return next((one for one in (table, TableName(table.schema, "*")) if one in reads), None)


def _bound(facts: Facts) -> Iterator[Use]:
    for one in facts.inventory.dependents:
        if one.kind == "default value" or not stands_apart(facts, one.schema, one.uses_schema):
            continue
        to = TableName(one.uses_schema, one.uses_name)
        how, writers, shown = NEITHER, "", one.uses
        if one.uses_kind in _RELATIONS:
            how, shown = READ, str(ident(to.schema, to.table))
        if one.uses_kind == "type" and to in facts.near.types and _some(facts, one.schema, to.schema):
            continue  # the mirror of a table brings the enums and domains of its columns
        if one.kind == "rule":
            how = WRITE
        elif one.writable and base_of(one.writable) == to:
            how, writers = WRITE, one.writers
        yield Use(one.kind, one.name, one.schema, how, to, shown, writers, one.strange)


def _some(facts: Facts, schema: str, other: str) -> bool:
    return any(read.schema == other for read in facts.reads.get(facts.services.get(schema, ""), ()))


def _in_texts(facts: Facts) -> Iterator[Use]:
    for routine in facts.texts:
        found = _touched(facts, routine)
        for how, some in ((READ, found.reads - found.writes), (WRITE, found.writes), (NEITHER, found.calls)):
            for to in some:
                yield Use(routine.kind, routine.name, routine.schema, how, to, str(ident(to.schema, to.table)))
        for to in found.types:
            if to not in facts.near.types or not _some(facts, routine.schema, to.schema):
                shown = str(ident(to.schema, to.table))
                yield Use(routine.kind, routine.name, routine.schema, NEITHER, to, shown)


def _touched(facts: Facts, routine: Routine) -> Touched:
    mine = routine.schema in facts.move.schemas
    spaces = {name.schema for name in (*facts.near.relations, *facts.near.types)} | set(facts.services)
    others = frozenset(
        one for one in spaces if (one in facts.move.schemas) != mine and stands_apart(facts, routine.schema, one)
    )
    return touched(routine.language, routine.body, others, _lookup(facts, routine, others))


def _lookup(facts: Facts, routine: Routine, others: frozenset[str]) -> Callable[[str], str]:
    path = path_of(routine.path) if routine.path else ()
    own = [schema for schema, service in facts.services.items() if service == facts.services.get(routine.schema)]

    def find(name: str) -> str:
        for schema in path or own or (routine.schema,):
            if TableName(schema, name) in facts.near.relations:
                return schema
        found = [] if path else [schema for schema in sorted(others) if TableName(schema, name) in facts.near.relations]
        return f"?{found[0]}" if found else ""

    return find
