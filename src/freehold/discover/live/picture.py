"""What a server shows, in the nouns of discovery, alone or together with what a repository says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from freehold.discover.live.checks._kind import findings
from freehold.discover.live.clients import Client, words
from freehold.discover.live.coupling import TABLES, Tie
from freehold.discover.live.owners import SURE
from freehold.discover.live.view import View
from freehold.discover.model import (
    CrossingSeen,
    DatabaseSeen,
    Discovery,
    Evidence,
    SchemaSeen,
    ServiceSeen,
    TableSeen,
    Use,
)
from freehold.spec.names import show_table

LIVE = "live"
_SAID = {Tie.KEY: "foreign key", Tie.STATEMENT: "join"}


def picture(view: View) -> Discovery:
    """The server alone. Services are called as their logins, applications or schemas are."""
    uses = tuple(sorted(_use(view, client) for client in view.clients.all))
    tables = tuple(sorted(_tables(view)))
    return Discovery(
        root=view.live.place,
        services=tuple(_services(view, uses, tables)),
        databases=tuple(_databases(view, uses)),
        schemas=tuple(sorted(_schemas(view, tables))),
        tables=tables,
        uses=uses,
        crossings=tuple(sorted(set(_crossings(view)))),
        findings=findings(view),
    )


def together(files: Discovery, live: Discovery) -> Discovery:
    """Both: a service of the server that is called as one of the repository is that one, and so is the only service
    that the repository gives a database, where the server does not say who uses it."""
    names = _same(files, live)
    uses = tuple(
        sorted({*files.uses, *(replace(use, service=names.get(use.service, use.service)) for use in live.uses)})
    )
    renamed = [replace(service, name=names.get(service.name, service.name), folder="") for service in live.services]
    return replace(
        files,
        services=tuple(_joined(files.services, renamed)),
        databases=tuple(_joined_databases(files.databases, live.databases, names)),
        schemas=tuple(
            sorted({*files.schemas, *(replace(s, service=names.get(s.service, s.service)) for s in live.schemas)})
        ),
        tables=tuple(
            sorted({*files.tables, *(replace(t, service=names.get(t.service, t.service)) for t in live.tables)})
        ),
        uses=uses,
        crossings=tuple(
            sorted(
                {
                    *files.crossings,
                    *(
                        replace(
                            one,
                            service=names.get(one.service, one.service),
                            to_service=names.get(one.to_service, one.to_service),
                        )
                        for one in live.crossings
                    ),
                }
            )
        ),
        findings=(*files.findings, *live.findings),
    )


def _use(view: View, client: Client) -> Use:
    at = Evidence("", 0, client.text, client.confidence)
    return Use(client.service, client.database, "", LIVE, view.live.place, client.login, at)


def _tables(view: View) -> Iterator[TableSeen]:
    for database, owners in view.owned.items():
        contents = view.live.databases[database].contents
        for table in contents.tables if contents else ():
            if table.kind not in TABLES:
                continue
            found = owners.get(table.name)
            if found is not None and found.copy:
                continue
            sure = found is not None and found.confidence >= SURE
            how = found.how if found else f'its owner is "{table.owner}"'
            at = Evidence(
                "",
                0,
                f'table {show_table(table.name)} in database "{database}": {how}',
                found.confidence if found else 0.2,
            )
            yield TableSeen(
                database, table.name.schema, table.name.table, found.service if found and sure else "", (), at
            )


def _schemas(view: View, tables: tuple[TableSeen, ...]) -> Iterator[SchemaSeen]:
    for database, owners in view.owned.items():
        contents = view.live.databases[database].contents
        for schema, owner in (contents.schemas if contents else {}).items():
            services = {
                found.service for table, found in owners.items() if table.schema == schema and found.confidence >= SURE
            }
            service = services.pop() if len(services) == 1 else ""
            at = Evidence("", 0, f'schema "{schema}" in database "{database}", owned by "{owner}"', 1.0)
            yield SchemaSeen(schema, database, service, at)


def _crossings(view: View) -> Iterator[CrossingSeen]:
    for database, edge, one, other in view.crossings():
        at = Evidence("", 0, f'database "{database}": {edge.evidence}', 0.8)
        yield CrossingSeen(one, show_table(edge.a), other, show_table(edge.b), _SAID.get(edge.tie, edge.tie.value), at)
    for database, one, other, table in view.reads():
        at = Evidence("", 0, f'{show_table(table)} in database "{database}" is a copy of a table of "{other}"', 0.7)
        yield CrossingSeen(one, "", other, show_table(table), "read", at)


def _services(view: View, uses: tuple[Use, ...], tables: tuple[TableSeen, ...]) -> Iterator[ServiceSeen]:
    for name in sorted({use.service for use in uses} | {table.service for table in tables if table.service}):
        mine = [use for use in uses if use.service == name]
        own = [table for table in tables if table.service == name]
        evidence = sorted({use.at for use in mine} | {table.at for table in own[:3]})
        yield ServiceSeen(
            name,
            tuple(sorted({use.database for use in mine} | {table.database for table in own})),
            tuple(sorted({table.schema for table in own} - {"public"})),
            tuple(sorted({table.shown for table in own})),
            tuple(evidence),
        )


def _databases(view: View, uses: tuple[Use, ...]) -> Iterator[DatabaseSeen]:
    for database in view.used:
        yield DatabaseSeen(
            database.name,
            view.live.place,
            database.owner,
            (Evidence("", 0, f'database "{database.name}", owned by "{database.owner}"', 1.0),),
            tuple(sorted({use.service for use in uses if use.database == database.name})),
            database.bytes,
        )


def _same(files: Discovery, live: Discovery) -> Mapping[str, str]:
    """Live name to the repository's name, where one and only one fits."""
    known = {service.name: words(service.name) for service in files.services}
    users: dict[str, set[str]] = {}
    for use in files.uses:
        users.setdefault(use.database, set()).add(use.service)
    found: dict[str, str] = {}
    for service in live.services:
        mine = words(service.name)
        fits = [
            name
            for name, parts in known.items()
            if _plain(parts) and _plain(mine)[-len(_plain(parts)) :] == _plain(parts)
        ]
        longest = [
            name for name in fits if len(_plain(known[name])) == max(len(_plain(known[other])) for other in fits)
        ]
        by_database = set().union(*(users.get(database, set()) for database in service.databases))
        if len(longest) == 1:
            found[service.name] = longest[0]
        elif service.confidence < SURE and len(by_database) == 1:
            found[service.name] = next(iter(by_database))
    return found


def _plain(parts: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(part for part in parts if part not in ("service", "svc", "app", "api", "server"))
    return kept or parts


def _joined(files: Iterable[ServiceSeen], live: Iterable[ServiceSeen]) -> Iterator[ServiceSeen]:
    found = {service.name: service for service in files}
    for service in live:
        before = found.get(service.name)
        found[service.name] = (
            service
            if before is None
            else replace(
                before,
                databases=tuple(sorted({*before.databases, *service.databases})),
                schemas=tuple(sorted({*before.schemas, *service.schemas})),
                tables=tuple(sorted({*before.tables, *service.tables})),
                evidence=(*before.evidence, *service.evidence),
            )
        )
    yield from (found[name] for name in sorted(found))


def _joined_databases(
    files: Iterable[DatabaseSeen], live: Iterable[DatabaseSeen], names: Mapping[str, str]
) -> Iterator[DatabaseSeen]:
    there = {database.name: database for database in live}
    met: set[str] = set()
    for database in files:
        seen = there.get(database.name)
        if seen is None:
            yield database
            continue
        met.add(database.name)
        users = {names.get(user, user) for user in seen.used_by}
        yield replace(
            database,
            owner=database.owner or seen.owner,
            created_by=database.created_by or seen.created_by,
            used_by=tuple(sorted({*database.used_by, *users})),
            size_bytes=seen.size_bytes,
        )
    for name in sorted(set(there) - met):
        seen = there[name]
        yield replace(seen, used_by=tuple(sorted({names.get(user, user) for user in seen.used_by})))
