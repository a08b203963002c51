"""One frozen picture of each instance and its databases, in a few round trips.

An instance is one round trip (two for a login that is no superuser, which must first ask what it may read), a
database one, or two when it holds a migration ledger; all of them run at the same time. Everything is sorted here,
because the order of a server's collation is not the order of another's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

from freehold.errors import ServerError
from freehold.found.links import Slot
from freehold.found.model import Contents, Found, Server
from freehold.pg import linkrows as links
from freehold.pg.contentrows import contents_of
from freehold.pg.queries import query
from freehold.pg.rows import Json, mapping, rows, strings, values
from freehold.pg.serverrows import by_name, database_of, hba_of, membership_of, role_of, settings_of
from freehold.pg.session import PgSession
from freehold.pg.timescalerows import with_timescale
from freehold.sqltext import Sql, join, keyword

Opener = Callable[[str, "str | None"], PgSession]

WORKERS = max(8, 4 * (os.cpu_count() or 2))

_BEGIN = keyword("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_LIMIT = keyword("SET LOCAL statement_timeout = '60s'")
_RESTRICT = keyword("SET restrict_nonsystem_relation_kind = 'view, foreign-table'")
_COMMIT = keyword("COMMIT")
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


def read_server(opener: Opener, instance: str, verifiers: bool = True) -> Server:
    """Roles, memberships, databases and settings of one instance; without ``verifiers`` none is asked for."""
    session = opener(instance, None)
    try:
        version = session.version
        reads = hba = configured = True
        if not session.superuser:
            reads, hba, configured = (item is True for item in values(_one(session, "rights")))
        verifiers = verifiers and reads
        names = [
            "settings",
            "roles_with_verifiers" if verifiers else "roles",
            "memberships",
            "databases",
            "extensions_available",
            "replication_slots",
            "all_subscriptions",
            *(["hba"] if hba else []),
            *(["configured"] if configured else []),
            "who",
        ]
        got = dict(zip(names, _many(session, names), strict=True))
        user, maintenance = strings(got["who"])
        return Server(
            instance=instance,
            version=version,
            user=user,
            superuser=session.superuser,
            reads_verifiers=verifiers,
            maintenance_database=maintenance,
            roles=by_name(role_of(row) for row in rows(got["roles_with_verifiers" if verifiers else "roles"])),
            memberships=tuple(sorted(membership_of(row) for row in rows(got["memberships"]))),
            databases=by_name(database_of(row) for row in rows(got["databases"])),
            settings=settings_of(got["settings"], got.get("configured")),
            hba=tuple(hba_of(row) for row in rows(got["hba"])) if hba else None,
            extensions_available=frozenset(strings(got["extensions_available"])),
            replication_slots=tuple(
                sorted(Slot(str(n), str(d), str(p), lost is True) for n, d, p, lost in rows(got["replication_slots"]))
            ),
            subscriptions=tuple(sorted((str(d), str(n)) for d, n in rows(got["all_subscriptions"]))),
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
        contents = replace(
            contents_of(got, ledger), subscriptions=links.subscriptions(rows(got["subscriptions"]), told)
        )
        if "timescaledb" not in contents.extensions:
            return contents
        return with_timescale(contents, mapping(_one(session, "timescale")))
    finally:
        session.close()


def _restricted(version: int) -> tuple[Sql, ...]:
    """A view or foreign table that a database's owner planted must not run in our session (CVE-2024-7348);
    the setting came with these minor versions."""
    major, minor = divmod(version, 10000)
    return (_RESTRICT,) if minor >= {15: 8, 16: 4}.get(major, 0) else ()


def _one(session: PgSession, name: str) -> Json:
    return _many(session, [name])[0]


def _many(session: PgSession, names: Sequence[str], before: tuple[Sql, ...] = ()) -> list[Json]:
    """The value of each query, all in one round trip and one snapshot."""
    queries = [query(name, session.version) for name in names]
    # settings come first, so that what is set for this transaction does not show in them
    limited = [*queries, _COMMIT] if names[0] == "settings" else [_LIMIT, *queries, _COMMIT]
    outcomes = session.attempts(join(";\n", [_BEGIN, *session.each, *before, *limited]))
    for outcome in outcomes:
        if not outcome.ok:
            raise session.refused(outcome)
    values = outcomes[-1 - len(queries) : -1]
    return [json.loads(outcome.rows[0][0]) if outcome.rows and outcome.rows[0][0] else None for outcome in values]
