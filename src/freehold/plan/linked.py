"""What the design wants of links, place by place: the one view that all steps of links share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from freehold.found.model import Found
from freehold.layouts.links import marker
from freehold.layouts.model import Link, Place
from freehold.plan.grants import acts_as
from freehold.plan.look import look
from freehold.plan.mirror import Mirror, present_mirror, wanted_mirror
from freehold.plan.model import Design, Effect, Statement
from freehold.spec.model import Via
from freehold.sqltext import Sql, keyword

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
    """One mirrored schema of one reader's database. ``roles`` are the logins of each reading service."""

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
        roles = tuple((name, _logins(design, name)) for name in readers)
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
                    for role in _logins(design, reader)
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


def ours(design: Design, name: str) -> bool:
    """Whether a server, publication, slot or subscription is one that this platform made."""
    return name.startswith(marker(design.platform.name))


def quietly(superuser: bool, statements: tuple[Sql, ...]) -> tuple[Effect, ...]:
    """Statements that hold a password, kept out of the server's log where the admin login may say so."""
    some = (*_SILENT, *statements, *_LOUD) if superuser else statements
    return tuple(Statement(statement) for statement in some)


def _logins(design: Design, service: str) -> tuple[str, ...]:
    roles = design.placements.of(service).roles
    return roles.app, roles.ro
