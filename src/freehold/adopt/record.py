"""The table in which an adoption writes down how things were, in the control schema, as SQL.

A row stands in the same transaction as the change that it tells of; taking an adoption back reads nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from freehold.adopt.catalog import rights
from freehold.adopt.model import Kind, Old, Right, Thing
from freehold.sqltext import Sql, join, keyword, literal, sql

MAKE = keyword("""\
CREATE TABLE IF NOT EXISTS freehold.adoption (
    key text PRIMARY KEY,
    service text NOT NULL,
    kind text NOT NULL,
    schema name NOT NULL,
    name name NOT NULL,
    target name NOT NULL,
    owner name NOT NULL,
    rights jsonb NOT NULL,
    view boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE TABLE IF NOT EXISTS freehold.adoption_login (
    service text NOT NULL,
    login name NOT NULL,
    rights jsonb NOT NULL,
    PRIMARY KEY (service, login)
);
REVOKE ALL ON freehold.adoption, freehold.adoption_login FROM PUBLIC""")

READ = keyword(
    "SELECT key, service, kind, schema, name, target, owner, rights::text, view FROM freehold.adoption"
    " ORDER BY service, kind, schema, name"
)


def write(service: str, thing: Thing, target: str, *, view: bool) -> Sql:
    """Write down how a thing was; nothing happens where that is known."""
    return sql(
        "INSERT INTO freehold.adoption (key, service, kind, schema, name, target, owner, rights, view)"
        " VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT DO NOTHING",
        literal(thing.key),
        literal(service),
        literal(thing.kind.value),
        literal(thing.schema),
        literal(thing.name),
        literal(target),
        literal(thing.owner),
        literal(_json(thing.rights)),
        keyword("true") if view else keyword("false"),
    )


def forget(keys: Iterable[str]) -> Sql:
    """Forget things that are back where they were."""
    return sql("DELETE FROM freehold.adoption WHERE key = ANY (ARRAY[{}]::text[])", _list(keys))


def viewless(keys: Iterable[str]) -> Sql:
    """Write down that the old names are gone."""
    return sql("UPDATE freehold.adoption SET view = false WHERE key = ANY (ARRAY[{}]::text[])", _list(keys))


def remember_login(service: str, login: str, given: Iterable[str]) -> Sql:
    """Write down which rights on the database a login got."""
    return sql(
        "INSERT INTO freehold.adoption_login (service, login, rights) VALUES ({}, {}, {}) ON CONFLICT DO NOTHING",
        literal(service),
        literal(login),
        literal(json.dumps(sorted(given))),
    )


LOGINS = keyword("SELECT login, rights::text FROM freehold.adoption_login ORDER BY login, service")


def logins(service: str) -> Sql:
    """The logins that got rights on the database for this service and for no other one."""
    return sql(
        "SELECT l.login, l.rights::text FROM freehold.adoption_login AS l WHERE l.service = {} AND NOT EXISTS"
        " (SELECT FROM freehold.adoption_login AS o WHERE o.login = l.login AND o.service <> l.service)",
        literal(service),
    )


def forget_logins(service: str) -> Sql:
    return sql("DELETE FROM freehold.adoption_login WHERE service = {}", literal(service))


def old(rows: Iterable[tuple[object, ...]]) -> tuple[Old, ...]:
    """What the rows of the record say."""
    return tuple(
        Old(
            key=str(key),
            service=str(service),
            kind=Kind(str(kind)),
            schema=str(schema),
            name=str(name),
            target=str(target),
            owner=str(owner),
            rights=rights(cast(object, json.loads(str(kept)))),
            view=view is True,
        )
        for key, service, kind, schema, name, target, owner, kept, view in rows
    )


def _json(given: Iterable[Right]) -> str:
    return json.dumps([[one.grantee, one.privilege, one.grantable, one.column] for one in given], ensure_ascii=False)


def _list(keys: Iterable[str]) -> Sql:
    return join(", ", [literal(key) for key in keys])
