"""The database that many teams start from: all tables of an example's services in ``public`` of one database.

Tables keep their names; where two services use one name, the second gets a number, since a schema in its name would
tell whose it is. References between services are real foreign keys, as they would be in one database. Bodies of
functions name the tables where they are now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from freehold.local import declaration
from freehold.local.migrations import collect
from freehold.ports import Session
from freehold.spec.model import Platform
from freehold.spec.tables import TableName
from freehold.sqltext import ident, join, keyword, raw, sql

EXAMPLES = Path(__file__).parents[1] / "examples"
_LAST = "0009_"
"""Begins the migration of an example that makes keys into other services: after those have their tables."""

_RELATIONS = keyword(
    "SELECT n.nspname, c.relname, c.relkind, c.relispartition FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_'"
    " AND n.nspname NOT IN ('information_schema', 'public')"
    " ORDER BY c.relispartition, n.nspname, c.relname"
)
_HELPERS = keyword(
    "SELECT n.nspname, c.relname, c.relkind, c.oid::bigint FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('i', 'I', 'S') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')"
)
_BODIES = keyword(
    "SELECT p.oid::bigint, p.prosrc FROM pg_catalog.pg_proc AS p"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace"
    " WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')"
)


def platform(name: str) -> Platform:
    """The declaration of an example."""
    return declaration.load(EXAMPLES / name / "freehold.yaml")


def build(session: Session, example: Platform) -> None:
    """Run every migration of the example in the session's database, as its superuser, each service in its schemas."""
    files, _ = collect(example, EXAMPLES / example.name)
    session.execute(keyword("CREATE SCHEMA IF NOT EXISTS extensions"))
    for service in example.services:
        for schema in service.schemas:
            session.execute(sql("CREATE SCHEMA IF NOT EXISTS {}", ident(schema)))
        for extension in service.extensions:
            session.execute(sql("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA extensions", ident(extension)))
    for last in (False, True):
        for service in example.services:
            path = join(", ", (ident(schema) for schema in (*service.schemas, "public", "extensions")))
            for file in files.get(service.name, ()):
                if file.name.startswith(_LAST) == last:
                    session.execute(sql("SET search_path TO {}", path))
                    session.execute(raw(file.text))
    session.execute(keyword("RESET search_path"))


def flatten(session: Session, example: Platform) -> Mapping[TableName, str]:
    """Move everything into ``public``; the service that each table belongs to."""
    truth: dict[TableName, str] = {}
    now: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for schema, name, kind, oid in session.query(_HELPERS):
        # indexes and sequences follow their tables, where those of two schemas may not share a name
        what = keyword("SEQUENCE") if kind == "S" else keyword("INDEX")
        session.execute(sql("ALTER {} {} RENAME TO {}", what, ident(str(schema), str(name)), ident(f"helper_{oid}")))
    for schema, name, kind, part in session.query(_RELATIONS):
        owner = example.owner_of(str(schema))
        if owner is None:
            continue
        number, called = 1, str(name)
        while called in taken:
            number += 1
            called = f"{name}_{number}"
        taken.add(called)
        now[str(schema), str(name)] = called
        what = {"v": keyword("VIEW"), "m": keyword("MATERIALIZED VIEW")}.get(str(kind), keyword("TABLE"))
        if called != name:
            session.execute(sql("ALTER {} {} RENAME TO {}", what, ident(str(schema), str(name)), ident(called)))
        session.execute(sql("ALTER {} {} SET SCHEMA public", what, ident(str(schema), called)))
        if kind in ("r", "p") and not part:
            truth[TableName("public", called)] = owner.name
    names = "|".join(re.escape(f"{schema}.{name}") for schema, name in sorted(now, key=lambda pair: -len(pair[1])))
    for oid, body in session.query(_BODIES):
        moved = re.sub(rf"\b({names})\b", lambda found: now[tuple(found[1].split(".", 1))], str(body))  # type: ignore[index]
        session.query(keyword("UPDATE pg_catalog.pg_proc SET prosrc = %s WHERE oid = %s"), (moved, oid))
    return truth
