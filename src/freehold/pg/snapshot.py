"""One frozen picture of each instance and its databases, in a few round trips.

An instance is one round trip (two for a login that is no superuser, which must first ask what it may read), a
database one, or two when it holds a migration ledger; all of them run at the same time. Everything is sorted here,
because the order of a server's collation is not the order of another's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from freehold.errors import ServerError
from freehold.found.links import Slot
from freehold.found.model import (
    AppliedMigration,
    Contents,
    Database,
    DefaultAcl,
    Found,
    HbaRule,
    Membership,
    Object,
    Role,
    Schema,
    Server,
    Setting,
)
from freehold.pg import linkrows as links
from freehold.pg.acl import acl
from freehold.pg.netmask import cidr
from freehold.pg.queries import query
from freehold.pg.rows import Json, mapping, optional, rows, strings, values
from freehold.pg.session import PgSession
from freehold.sqltext import Sql, join, keyword

Named = TypeVar("Named", Role, Database, Schema)
Opener = Callable[[str, "str | None"], PgSession]

WORKERS = max(8, 4 * (os.cpu_count() or 2))

_BEGIN = keyword("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_LIMIT = keyword("SET LOCAL statement_timeout = '60s'")
_RESTRICT = keyword("SET restrict_nonsystem_relation_kind = 'view, foreign-table'")
_COMMIT = keyword("COMMIT")
_RELATIONS = {
    "r": "TABLE",
    "p": "PARTITIONED TABLE",
    "v": "VIEW",
    "m": "MATERIALIZED VIEW",
    "S": "SEQUENCE",
    "f": "FOREIGN TABLE",
}
_DEFAULTS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}
_DENIED = frozenset({"42501", "28000", "28P01", "3D000", "55000", "53300"})


def read(opener: Opener, instances: Sequence[str], databases: Mapping[str, Sequence[str]]) -> Found:
    """All instances at once, then all named databases that exist and that the login may enter.

    A database that cannot be entered has ``contents`` None. Raises Unreachable for an instance that does not answer.
    """
    wanted = sorted(set(instances))
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        servers = dict(zip(wanted, pool.map(lambda name: read_server(opener, name), wanted), strict=True))
        places = [
            (instance, database)
            for instance in wanted
            for database in sorted(set(databases.get(instance, ())))
            if _may_enter(servers[instance], database)
        ]
        contents = dict(zip(places, pool.map(lambda place: read_contents(opener, *place), places), strict=True))
    return Found(
        MappingProxyType(
            {
                instance: replace(
                    server,
                    databases=MappingProxyType(
                        {
                            name: replace(database, contents=contents.get((instance, name)))
                            for name, database in server.databases.items()
                        }
                    ),
                )
                for instance, server in servers.items()
            }
        )
    )


def _may_enter(server: Server, database: str) -> bool:
    found = server.databases.get(database)
    # a limit of -2 marks a database whose DROP DATABASE was interrupted: nobody can enter it any more
    return found is not None and found.allow_connections and found.connection_limit != -2


def read_server(opener: Opener, instance: str) -> Server:
    """Roles, memberships, databases and settings of one instance."""
    session = opener(instance, None)
    try:
        version = session.version
        verifiers = hba = configured = True
        if not session.superuser:
            verifiers, hba, configured = (item is True for item in values(_one(session, "rights")))
        names = [
            "settings",
            "roles_with_verifiers" if verifiers else "roles",
            "memberships",
            "databases",
            "extensions_available",
            "replication_slots",
            *(["hba"] if hba else []),
            *(["configured"] if configured else []),
            "who",
        ]
        got = dict(zip(names, _many(session, names), strict=True))
        user, maintenance = strings(got["who"])
        written = {str(row[0]): optional(row[1]) for row in rows(got.get("configured"))}
        return Server(
            instance=instance,
            version=version,
            user=user,
            superuser=session.superuser,
            reads_verifiers=verifiers,
            maintenance_database=maintenance,
            roles=_by_name(_role(row) for row in rows(got["roles_with_verifiers" if verifiers else "roles"])),
            memberships=tuple(sorted(_membership(row) for row in rows(got["memberships"]))),
            databases=_by_name(_database(row) for row in rows(got["databases"])),
            settings=MappingProxyType(
                {
                    str(name): Setting(str(value), str(context), str(source), pending is True, written.get(str(name)))
                    for name, value, context, source, pending in sorted(rows(got["settings"]), key=_first)
                }
            ),
            hba=tuple(_hba(row) for row in rows(got["hba"])) if hba else None,
            extensions_available=frozenset(strings(got["extensions_available"])),
            replication_slots=tuple(
                sorted(Slot(str(n), str(d), str(p), lost is True) for n, d, p, lost in rows(got["replication_slots"]))
            ),
        )
    finally:
        session.close()


def read_contents(opener: Opener, instance: str, database: str) -> Contents | None:
    """What is inside one database; None when the login may not enter it."""
    try:
        session = opener(instance, database)
    except ServerError as error:
        if error.sqlstate in _DENIED:
            return None
        raise
    try:
        try:
            got = mapping(_many(session, ["contents"], before=_restricted(session.version))[0])
        except ServerError as error:
            if error.sqlstate != "XX000":
                raise
            # "cache lookup failed": something was dropped while we read; the second look is after the drop
            session.attempt(keyword("ROLLBACK"))
            got = mapping(_many(session, ["contents"], before=_restricted(session.version))[0])
        ledger = rows(_one(session, "ledger")) if got["ledger"] is True else []
        told = rows(_one(session, "subscriptions")) if got["subscriptions"] and session.superuser else []
        return replace(_contents(got, ledger), subscriptions=links.subscriptions(rows(got["subscriptions"]), told))
    finally:
        session.close()


def _restricted(version: int) -> tuple[Sql, ...]:
    """A view or foreign table that a database's owner planted must not run in our session (CVE-2024-7348);
    the setting came with these minor versions."""
    major, minor = divmod(version, 10000)
    return (_RESTRICT,) if minor >= {15: 8, 16: 4}.get(major, 0) else ()


def _contents(got: Mapping[str, Json], ledger: list[list[Json]]) -> Contents:
    objects = [
        *(_relation(row) for row in rows(got["relations"])),
        *(_routine(row) for row in rows(got["routines"])),
        *(_plain(row) for row in rows(got["plain"])),
    ]
    pairs = [strings(json.loads(text)) for text in strings(got["foreign_keys"])]
    return Contents(
        schemas=_by_name(
            Schema(str(name), str(owner), acl(strings(items))) for name, owner, items in rows(got["schemas"])
        ),
        extensions=MappingProxyType(
            {str(name): str(version) for name, version in sorted(rows(got["extensions"]), key=_first)}
        ),
        default_acls=tuple(
            sorted(
                (
                    DefaultAcl(str(owner), str(schema), _DEFAULTS.get(str(kind), str(kind)), acl(strings(items)))
                    for owner, schema, kind, items in rows(got["defaults"])
                ),
                key=lambda one: (one.owner, one.schema, one.kind),
            )
        ),
        objects=tuple(sorted(objects, key=lambda one: (one.kind, one.schema, one.name, one.arguments))),
        migrations=tuple(sorted(AppliedMigration(*strings(row)) for row in ledger)),
        has_control=got["control"] is True,
        pool_lookup=None if got["pool_lookup"] is None else acl(strings(got["pool_lookup"])),
        foreign_keys=tuple(sorted((one, other) for one, other in pairs)),
        shapes=tuple(sorted((links.shape(row) for row in rows(got["shapes"])), key=lambda s: (s.schema, s.name))),
        types=tuple(sorted(links.user_type(row) for row in rows(got["types"]))),
        foreign_servers=tuple(sorted(links.foreign_server(row) for row in rows(got["servers"]))),
        foreign_tables=tuple(sorted(links.foreign_table(row) for row in rows(got["foreign"]))),
        publications=tuple(sorted(links.publication(row) for row in rows(got["publications"]))),
    )


def _relation(row: list[Json]) -> Object:
    kind, schema, name, owner, items, columns, column_items, extension, cut, part_of = row
    strategy, key = values(cut) or ("", None)
    *parent, default = values(part_of) or (False,)
    return Object(
        kind=_RELATIONS[str(kind)],
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        columns=strings(columns),
        column_acl=tuple(
            sorted(((str(c), acl(strings(given))) for c, given in rows(column_items)), key=lambda p: p[0])
        ),
        extension=str(extension or ""),
        partition_key=(str(strategy), *strings(key)) if strategy else (),
        partition_of=tuple(str(part) for part in parent),
        default_partition=default is True,
    )


def _routine(row: list[Json]) -> Object:
    kind, schema, name, owner, items, arguments, definer, config, extension = row
    return Object(
        kind=str(kind),
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        arguments=str(arguments or ""),
        extension=str(extension or ""),
        security_definer=definer is True,
        config=strings(config),
    )


def _plain(row: list[Json]) -> Object:
    kind, schema, name, owner, items, extension = row
    return Object(
        kind=str(kind),
        schema=str(schema),
        name=str(name),
        owner=str(owner),
        acl=acl(strings(items)),
        extension=str(extension or ""),
    )


def _role(row: list[Json]) -> Role:
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


def _membership(row: list[Json]) -> Membership:
    role, member, admin, inherit, may_set, grantor = row
    return Membership(str(role), str(member), admin is True, inherit is True, may_set is True, str(grantor or ""))


def _database(row: list[Json]) -> Database:
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


def _hba(row: list[Json]) -> HbaRule:
    kind, databases, users, address, mask, method, error = row
    return HbaRule(
        type=str(kind or ""),
        databases=strings(databases),
        users=strings(users),
        address=cidr(str(address or ""), str(mask or "")),
        method=str(method or ""),
        error=str(error or ""),
    )


def _settings(config: Json) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, _, value in (item.partition("=") for item in strings(config))))


def _one(session: PgSession, name: str) -> Json:
    return _many(session, [name])[0]


def _many(session: PgSession, names: Sequence[str], before: tuple[Sql, ...] = ()) -> list[Json]:
    """The value of each query, all in one round trip and one snapshot."""
    queries = [query(name, session.version) for name in names]
    # settings come first, so that what is set for this transaction does not show in them
    limited = [*queries, _COMMIT] if names[0] == "settings" else [_LIMIT, *queries, _COMMIT]
    outcomes = session.attempts(join(";\n", [_BEGIN, *before, *limited]))
    for outcome in outcomes:
        if not outcome.ok:
            raise session.refused(outcome)
    values = outcomes[-1 - len(queries) : -1]
    return [json.loads(outcome.rows[0][0]) if outcome.rows and outcome.rows[0][0] else None for outcome in values]


def _by_name(items: Iterable[Named]) -> Mapping[str, Named]:
    return MappingProxyType({item.name: item for item in sorted(items, key=lambda item: item.name)})


def _first(row: list[Json]) -> str:
    return str(row[0])
