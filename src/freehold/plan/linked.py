"""What the design wants of links, place by place: the one view that all steps of links share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from freehold.found.links import Slot, Subscription
from freehold.found.model import Contents, Found, Server
from freehold.layouts.links import marker
from freehold.layouts.model import Link, Place
from freehold.plan.grants import acts_as
from freehold.plan.look import look
from freehold.plan.mirror import Mirror, covered, present_mirror, rebuilt, wanted_mirror
from freehold.plan.model import Design, Effect, Endpoint, Statement
from freehold.plan.wanted import wanted
from freehold.spec.model import Via
from freehold.spec.names import slug
from freehold.sqltext import Sql, ident, keyword, pair

PASSED_ON = ("sslmode", "sslrootcert", "sslcrl", "channel_binding", "target_session_attrs")
"""Options of a server's URL that are as good for another server as for Freehold."""
QUIET = (
    keyword("SET log_statement = 'none'"),
    keyword("SET log_min_error_statement = 'panic'"),
    keyword("SET log_min_duration_statement = -1"),
)
ENDINGS = ("_link", "_repl")
"""How the names of logins of links end."""
LOUD = (
    keyword("RESET log_statement"),
    keyword("RESET log_min_error_statement"),
    keyword("RESET log_min_duration_statement"),
)
"""Around a statement that holds a password, outside a transaction."""
_SILENT = (
    keyword("SET LOCAL log_statement = 'none'"),
    keyword("SET LOCAL log_min_error_statement = 'panic'"),
    keyword("SET LOCAL log_min_duration_statement = -1"),
)
_LOUD = (
    keyword("SET LOCAL log_statement TO DEFAULT"),
    keyword("SET LOCAL log_min_error_statement TO DEFAULT"),
    keyword("SET LOCAL log_min_duration_statement TO DEFAULT"),
)


@dataclass(frozen=True, slots=True)
class MirrorWant:
    """One mirrored schema of one reader's database. ``roles`` are those of each reading service that read."""

    link: Link
    schema: str
    owner: str
    acting_as: str
    roles: tuple[tuple[str, tuple[str, ...]], ...]

    def want(self, found: Found) -> Mirror:
        """The mirror as the source's columns ask for it."""
        seen = look(found)
        source, reader = seen.contents(*self.link.source), seen.contents(*self.link.reader)
        return wanted_mirror(self.link.tables, self.schema, self.link.name, source, reader, dict(self.roles))

    def have(self, found: Found) -> Mirror:
        """The mirror as it is."""
        return present_mirror(self.schema, self.owner, look(found).contents(*self.link.reader))

    def blocked(self, found: Found) -> str:
        """Who owns a schema of this name in the reader's database that is no mirror; empty when none is in the way."""
        row = look(found).contents(*self.link.reader).schemas.get(self.schema)
        return row.owner if row is not None and row.owner != self.owner else ""


def mirrors(design: Design, found: Found) -> Iterator[MirrorWant]:
    """Every mirrored schema, in order."""
    owner = design.placements.roles.mirror
    for link in design.placements.links:
        readers = sorted({reader for table in link.tables for reader in table.readers})
        roles = tuple((name, design.placements.of(name).roles.readers) for name in readers)
        for schema in link.schemas:
            yield MirrorWant(link, schema, owner, acts_as(found, link.reader[0], owner), roles)


def through_servers(design: Design) -> Iterator[tuple[Link, Mapping[str, str]]]:
    """Every link that needs a foreign server, with its mappings: role of the reader to login at the source."""
    for link in design.placements.links:
        readers = {reader for table in link.through(Via.FOREIGN_TABLE) for reader in table.readers}
        if readers:
            yield (
                link,
                {
                    role: design.placements.of(reader).roles.link
                    for reader in sorted(readers)
                    for role in design.placements.of(reader).roles.readers
                },
            )


def awaited(design: Design, found: Found, link: Link) -> tuple[tuple[str, str], ...]:
    """(service, migration) of what is still to run at the source and may change its tables."""
    done = {(row.service, row.name): row.sha256 for row in look(found).contents(*link.source).migrations}
    waits = []
    for service in sorted({table.owner for table in link.tables}):
        waits += [(service, f.name) for f in design.migrations.get(service, ()) if (service, f.name) not in done]
        digest = design.commands.get(service)
        if digest is not None and done.get((service, "command")) != digest:
            waits.append((service, "command"))
    return tuple(waits)


def arrived(found: Found, place: Place, waits: tuple[tuple[str, str], ...]) -> bool:
    """Whether everything that was awaited has run."""
    done = {(row.service, row.name) for row in look(found).contents(*place).migrations}
    return done.issuperset(waits)


def logical(found: Found, instance: str) -> bool:
    """Whether the instance writes a log that replicas can follow, as it runs now."""
    server = found.servers.get(instance)
    level = server.settings.get("wal_level") if server is not None else None
    return level is None or level.value == "logical"


def has_slot(design: Design, found: Found, link: Link) -> bool:
    """Whether the source's server, as it runs now, has a slot for the link; links before it in order come first."""
    server = found.servers.get(link.source[0])
    most = server.settings.get("max_replication_slots") if server is not None else None
    if server is None or most is None or not most.value.isdigit():
        return True
    taken = {slot.name for slot in server.replication_slots}
    waiting = [one.name for one in replicas(design, found) if one.source[0] == link.source[0] and one.name not in taken]
    return link.name in taken or waiting.index(link.name) < int(most.value) - len(taken)


def followable(design: Design, found: Found, link: Link) -> bool:
    """Whether the source's server, as it runs now, can be followed by this link; the notes say why not."""
    return logical(found, link.source[0]) and has_slot(design, found, link)


def replicas(design: Design, found: Found) -> Iterator[Link]:
    """Every link with replicas that can be made from here; the notes say why another cannot."""
    for link in design.placements.links:
        ends = [found.servers.get(link.reader[0]), found.servers.get(link.source[0])]
        able = all(server is not None and server.superuser for server in ends)
        free = not any(want.blocked(found) for want in mirrors(design, found) if want.link == link)
        if link.replica_login and able and free and link.source[0] in design.endpoints:
            yield link


def published(link: Link, source: Contents) -> tuple[tuple[str, str], ...]:
    """(schema, name) of the source's tables that replicas of the link follow, as they stand."""
    some = link.through(Via.REPLICA)
    schemas = sorted({table.name.schema for table in some})
    return tuple((schema, name) for schema in schemas for name in sorted(covered(some, source, schema)))


def connection(endpoint: Endpoint, database: str, login: str) -> str:
    """The connection string of a subscription, without the password."""
    told = {key: value for key, value in endpoint.options if key in PASSED_ON}
    told |= {"host": endpoint.host, "port": str(endpoint.port), "dbname": database, "user": login}
    return " ".join(pair(key, value) for key, value in sorted(told.items()))


def subscription_of(found: Found, link: Link) -> Subscription | None:
    """The subscription of a link, if there is one."""
    return next((s for s in look(found).contents(*link.reader).subscriptions if s.name == link.name), None)


def slot_of(found: Found, instance: str, name: str) -> Slot | None:
    """A replication slot by its name."""
    server = found.servers.get(instance)
    return next((slot for slot in server.replication_slots if slot.name == name), None) if server else None


def stuck(design: Design, found: Found, link: Link) -> str:
    """Why the subscription of a link can only be made anew; empty when it goes on, or when there is none."""
    have = subscription_of(found, link)
    if have is None:
        return ""
    slot = slot_of(found, link.source[0], link.name)
    if slot is None or have.slot != link.name:
        return "its replication slot is gone"
    if slot.lost or slot.database != link.source[1]:
        return "its replication slot has lost what it was to keep"
    busy = {
        name
        for schema, name in have.syncing
        for want in mirrors(design, found)
        if want.schema == schema
        if want.link == link and name in rebuilt(want.want(found), want.have(found))
    }
    return f"table {ident(sorted(busy)[0])} changed while it was copied" if busy else ""


def ours(design: Design, name: str) -> bool:
    """Whether a server, publication, slot or subscription is one that this platform made."""
    return name.startswith(marker(design.platform.name))


def quietly(superuser: bool, statements: tuple[Sql, ...]) -> tuple[Effect, ...]:
    """Statements that hold a password, kept out of the server's log where the admin login may say so."""
    some = (*_SILENT, *statements, *_LOUD) if superuser else statements
    return tuple(Statement(statement) for statement in some)


def leftover_logins(design: Design, server: Server) -> Iterator[tuple[str, str]]:
    """(database, login) of links that are gone from the design and whose logins can still come in."""
    start = slug(design.platform.name) + "_"
    wanted_roles = wanted(design).roles[server.instance]
    for name in sorted(database for (instance, database) in wanted(design).databases if instance == server.instance):
        acl = server.databases[name].acl if name in server.databases else frozenset()
        for who in sorted({grant.grantee for grant in acl if grant.privilege == "CONNECT"}):
            if who.startswith(start) and who.endswith(ENDINGS) and who not in wanted_roles and who in server.roles:
                yield name, who
