"""The rows of what an instance holds, as the nouns of ``found``: roles, memberships, databases, settings, access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from freehold.found.model import Database, HbaRule, Membership, Role, Schema, Setting
from freehold.pg.acl import acl
from freehold.pg.netmask import cidr
from freehold.pg.rows import Json, optional, rows, strings

Named = TypeVar("Named", Role, Database, Schema)


def role_of(row: list[Json]) -> Role:
    """A role with its attributes and settings."""
    name, login, superuser, inherit, createrole, createdb, replication, bypassrls, limit, until, verifier, config = row
    return Role(
        name=str(name),
        login=login is True,
        superuser=superuser is True,
        inherit=inherit is True,
        createrole=createrole is True,
        createdb=createdb is True,
        replication=replication is True,
        bypassrls=bypassrls is True,
        connection_limit=int(str(limit)),
        valid_until=optional(until),
        verifier=optional(verifier),
        settings=_settings(config),
    )


def membership_of(row: list[Json]) -> Membership:
    """A membership with its options."""
    role, member, admin, inherit, may_set, grantor = row
    return Membership(str(role), str(member), admin is True, inherit is True, may_set is True, str(grantor or ""))


def database_of(row: list[Json]) -> Database:
    """A database, without what is inside."""
    name, owner, encoding, collate, ctype, limit, template, connectable, items, config = row
    return Database(
        name=str(name),
        owner=str(owner or ""),
        encoding=str(encoding),
        collate=str(collate),
        ctype=str(ctype),
        connection_limit=int(str(limit)),
        is_template=template is True,
        allow_connections=connectable is True,
        acl=acl(strings(items)),
        settings=tuple(
            sorted((str(role), key, value) for role, given in rows(config) for key, value in _settings(given))
        ),
    )


def hba_of(row: list[Json]) -> HbaRule:
    """A line of pg_hba.conf."""
    kind, databases, users, address, mask, method, error = row
    return HbaRule(
        type=str(kind or ""),
        databases=strings(databases),
        users=strings(users),
        address=cidr(str(address or ""), str(mask or "")),
        method=str(method or ""),
        error=str(error or ""),
    )


def settings_of(found: Json, configured: Json) -> Mapping[str, Setting]:
    """Every setting with what ALTER SYSTEM wrote for it."""
    written = {str(row[0]): optional(row[1]) for row in rows(configured)}
    return MappingProxyType(
        {
            str(name): Setting(str(value), str(context), str(source), pending is True, written.get(str(name)))
            for name, value, context, source, pending in sorted(rows(found), key=first)
        }
    )


def _settings(config: Json) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, _, value in (item.partition("=") for item in strings(config))))


def by_name(items: Iterable[Named]) -> Mapping[str, Named]:
    """Things by their names, sorted."""
    return MappingProxyType({item.name: item for item in sorted(items, key=lambda item: item.name)})


def first(row: list[Json]) -> str:
    """The first value of a row, to sort by."""
    return str(row[0])
