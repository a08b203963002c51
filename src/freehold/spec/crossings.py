"""What a service's migration SQL touches in the schemas of other services, declared or not."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from freehold.spec.model import Platform, Service
from freehold.sqldepth import tree_of


@dataclass(frozen=True, slots=True, order=True)
class Crossing:
    """An object of another service that SQL names: at ``line`` (from 1), owned by the service ``owner``.

    ``name`` is empty where the schema itself is meant. ``declared`` tells whether reads or references cover it.
    ``certain`` is False where the SQL could not be parsed and the text alone was searched.
    """

    line: int
    schema: str
    name: str
    owner: str
    declared: bool
    certain: bool = True


def crossings(service: Service, sql_text: str, platform: Platform) -> tuple[Crossing, ...]:
    """Every schema-qualified name in ``sql_text`` that lies in a schema of another service, in order of line."""
    owners = {
        schema: other.name for other in platform.services if other.name != service.name for schema in other.schemas
    }
    parsed = _parsed(sql_text, tuple(owners))
    certain = parsed is not None
    found = {
        Crossing(line, schema, name, owners[schema], _declared(service, schema, name), certain)
        for line, schema, name in (parsed if parsed is not None else _searched(sql_text, tuple(owners)))
        if schema in owners
    }
    return tuple(sorted(found))


def undeclared_crossings(service: Service, sql_text: str, platform: Platform) -> tuple[Crossing, ...]:
    """The crossings that neither ``reads:`` nor ``references:`` declares."""
    return tuple(crossing for crossing in crossings(service, sql_text, platform) if not crossing.declared)


def _declared(service: Service, schema: str, name: str) -> bool:
    targets = (*service.reads, *(reference.to_table for reference in service.references))
    return any(t.schema == schema and (t.table in ("*", name) or not name) for t in targets)


def _parsed(text: str, schemas: tuple[str, ...]) -> tuple[tuple[int, str, str], ...] | None:
    import postgast  # a fifth of a second, and only those who look into SQL pay it

    try:
        tree = tree_of(text)
    except (postgast.PgQueryError, UnicodeError, ValueError, RecursionError):
        return None
    starts = [0, *(match.end() for match in re.finditer(b"\n", text.encode()))]
    return tuple(_named(tree, starts, schemas))


def _named(tree: object, starts: list[int], schemas: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    import postgast

    place = 0
    for field, node in postgast.walk(tree):
        kind = node.DESCRIPTOR.name
        if kind == "RawStmt":
            place = node.stmt_location
        place = max(getattr(node, "location", 0), place)
        line = _line(starts, place)
        if kind == "RangeVar" and node.schemaname:
            yield line, node.schemaname, node.relname
        elif kind == "CreateSchemaStmt" and node.schemaname:
            yield line, node.schemaname, ""
        elif kind == "AlterObjectSchemaStmt" and node.newschema:
            yield line, node.newschema, ""
        elif kind == "DoStmt" or (field == "options" and kind == "DefElem" and node.defname == "as"):
            for body in _strings(node):
                # A body in another language is searched as text; its first line is taken for the statement's.
                inside = _parsed(body, schemas)
                inside = tuple(_searched(body, schemas)) if inside is None else inside
                yield from ((line + at - 1, schema, name) for at, schema, name in inside)
        for names in _name_lists(node):
            if len(names) >= 2:
                yield line, names[-2], names[-1]


def _name_lists(node: object) -> Iterator[list[str]]:
    """Qualified names that the parser keeps as lists of strings: functions, types, objects of DROP and GRANT."""
    for attribute in ("funcname", "names", "objname", "items", "defnames", "type_name", "domainname", "sequence"):
        value = getattr(node, attribute, None)
        if value is None or isinstance(value, str) or not hasattr(value, "__len__"):
            continue
        parts = [item.string.sval for item in value if hasattr(item, "string") and item.HasField("string")]
        if parts and len(parts) == len(value):
            yield parts


def _strings(node: object) -> Iterator[str]:
    import postgast

    for _, below in postgast.walk(node):
        if below.DESCRIPTOR.name == "String":
            yield below.sval


def _line(starts: list[int], place: int) -> int:
    return bisect_right(starts, place)


def _searched(text: str, schemas: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    """The same from the text alone, for SQL that the parser does not take (psql commands, templates)."""
    if not schemas:
        return
    names = "|".join(re.escape(schema) for schema in sorted(schemas, key=len, reverse=True))
    pattern = re.compile(rf'(?<![\w."])(?:"({names})"|({names}))\s*\.\s*(?:"([^"]+)"|(\w+))')
    for number, line in enumerate(text.split("\n"), 1):
        for match in pattern.finditer(line.partition("--")[0]):
            yield number, match[1] or match[2], match[3] or match[4]


def named_in(text: str, schemas: tuple[str, ...]) -> tuple[tuple[int, str, str], ...]:
    """Line, schema and name of everything in these schemas that the body of a routine names with its schema."""
    parsed = _parsed(text, schemas)
    found = tuple(_searched(text, schemas)) if parsed is None else parsed
    return tuple(sorted({one for one in found if one[1] in schemas}))
