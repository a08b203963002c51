"""What a plan cannot do and a person should know: missing rights, crossings, names no file can hold."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Found, Server
from freehold.layouts.model import Instance
from freehold.plan.grants import has_pending
from freehold.plan.hba import cannot_be_written
from freehold.plan.linknotes import link_notes
from freehold.plan.look import look
from freehold.plan.model import Design
from freehold.plan.rights import may_give_backup_attributes, may_grant_membership, may_set, owns
from freehold.plan.seriesnotes import series_notes
from freehold.plan.wanted import wanted
from freehold.spec.model import TableName
from freehold.spec.names import show_table
from freehold.sqltext import PUBLIC, quote_ident


def notes(design: Design, found: Found) -> tuple[str, ...]:
    """Sentences, sorted, each once."""
    said = {*_crossings(design), *_missing_tables(design, found), *series_notes(design, found)}
    said.update(link_notes(design, found))
    for instance in design.placements.instances:
        server = found.servers.get(instance.name)
        if server is None:
            said.add(f'instance "{instance.name}" was not read: nothing is planned inside it')
            continue
        said.update(f'instance "{instance.name}": {text}' for text in _rights(design, server, instance))
        said.update(f'instance "{instance.name}": {text}' for text in _server(design, server, instance))
        said.update(f'instance "{instance.name}": {text}' for text in _databases(design, found, server))
    return tuple(sorted(said))


def _crossings(design: Design) -> Iterator[str]:
    for crossing in wanted(design).crossings:
        yield (
            f'service "{crossing.service}" refers to {show_table(crossing.table)} of service "{crossing.source}", '
            "which lives in another database: no foreign key reaches there, `freehold check-references` does"
        )


def _missing_tables(design: Design, found: Found) -> Iterator[str]:
    seen = look(found)
    for (instance, name), want in wanted(design).databases.items():
        for schema in want.schemas.values():
            for wish in schema.wishes:
                absent = wish.table and seen.table(instance, name, wish.schema, wish.table) is None
                if absent and wish.origin != "links" and not has_pending(design, found, want, schema.service):
                    table = show_table(TableName(wish.schema, wish.table))
                    yield f'service "{wish.service}" {wish.origin} {table}, which does not exist: nothing is granted'


def _rights(design: Design, server: Server, instance: Instance) -> Iterator[str]:
    if server.superuser:
        return
    me, platform = quote_ident(server.user), design.placements.roles
    if not may_give_backup_attributes(server):
        yield f"{me} is not superuser and cannot give REPLICATION and BYPASSRLS to {quote_ident(platform.backup)}"
    for role, member in (("pg_monitor", platform.monitor), ("pg_read_all_data", platform.backup)):
        held = any((m.role, m.member) == (role, member) for m in server.memberships)
        if not held and not may_grant_membership(server, role):
            yield f"{me} has no ADMIN OPTION on {role} and cannot make {quote_ident(member)} a member of it"
    if not server.reads_verifiers:
        yield f"{me} cannot read pg_authid: passwords are set when a role is created and not compared afterwards"
    if instance.settings:
        yield f"{me} is not superuser and cannot ALTER SYSTEM: declared settings are left to whoever runs the server"
    keys = {key for d in wanted(design).databases.values() if d.instance == instance.name for _, key, _ in d.settings}
    for key in sorted(key for key in keys if not may_set(server, key)):
        yield f"{me} is not superuser and cannot set {key} for a role"


def _server(design: Design, server: Server, instance: Instance) -> Iterator[str]:
    for name, _ in instance.settings:
        if server.settings and name not in server.settings and "." not in name:
            yield f'PostgreSQL {server.version // 10000} has no setting "{name}"'
    limit = server.settings.get("max_connections")
    if not instance.owned and limit is not None and limit.value.isdigit() and int(limit.value) < instance.connections:
        yield f"the connection limits add up to {instance.connections}, max_connections is {limit.value}"
    if not instance.owned:
        return
    if server.hba is None:
        yield "pg_hba.conf cannot be read, and is left as it is"
        return
    names = {name for (where, name) in wanted(design).databases if where == instance.name}
    names.update(wanted(design).roles[instance.name])
    for name in sorted(cannot_be_written(names, server)):
        yield f"pg_hba.conf before PostgreSQL 16 cannot hold the name {quote_ident(name)}: its line says all instead"


def _databases(design: Design, found: Found, server: Server) -> Iterator[str]:
    seen = look(found)
    ours = {name: want for (where, name), want in wanted(design).databases.items() if where == server.instance}
    for name, database in sorted(server.databases.items()):
        if not owns(server, database.owner) and database.allow_connections:
            open_to_all = [p for p in ("CONNECT", "TEMPORARY") if (PUBLIC, p) in seen.pairs(database.acl)]
            if open_to_all:
                yield (
                    f"{', '.join(open_to_all)} on database {quote_ident(name)} stays with PUBLIC: only its owner "
                    f"{quote_ident(database.owner)} or a superuser can revoke it"
                )
        if name not in ours:
            continue
        if database.contents is None:
            yield f"database {quote_ident(name)} is there and could not be read: it is planned as if it were empty"
        timescale = seen.contents(server.instance, name).timescale
        known = {*ours[name].schemas, ours[name].extension_schema, "public", *(timescale.schemas if timescale else ())}
        inside = seen.contents(server.instance, name).schemas
        known |= {one for one, row in inside.items() if row.owner == design.placements.roles.mirror}
        for schema in sorted(set(seen.objects(server.instance, name)) - known - {""}):
            if design.authoritative and not ours[name].foreign:
                yield f"schema {quote_ident(schema)} in database {quote_ident(name)} is not declared and holds objects"
    for name, want in ours.items():
        for extension in want.extensions:
            if server.extensions_available and extension not in server.extensions_available:
                yield f"extension {quote_ident(extension)}, wanted in database {quote_ident(name)}, is not available"
