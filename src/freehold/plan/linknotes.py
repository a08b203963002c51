"""What a plan cannot do about reads across databases, and why."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Found
from freehold.layouts.model import Link
from freehold.plan.linked import awaited, has_slot, logical, mirrors, replicas
from freehold.plan.look import look
from freehold.plan.mirror import covered, why_not
from freehold.plan.model import Design
from freehold.spec.names import show_table
from freehold.sqltext import quote_ident


def link_notes(design: Design, found: Found) -> Iterator[str]:
    """Why something that is read across databases is not planned."""
    for link in design.placements.links:
        what = f'what database "{link.reader[1]}" reads in database "{link.source[1]}"'
        if link.source[0] not in design.endpoints:
            yield f'{what} is not planned: instance "{link.source[0]}" has no address'
        if link.reader[0] not in found.servers or link.source[0] not in found.servers:
            continue
        yield from not_mirrored(design, found, link)
        if link.replica_login:
            yield from _replicas(found, link)
            yield from _slots(design, found, link)
    for want in mirrors(design, found):
        if owner := want.blocked(found):
            yield (
                f'schema {quote_ident(want.schema)} in database "{want.link.reader[1]}" belongs to '
                f"{quote_ident(owner)} and is no mirror: what is read there is left as it is"
            )


def not_mirrored(design: Design, found: Found, link: Link) -> Iterator[str]:
    """Which tables a link names and cannot show, and why; nothing of those whose migrations are still to run."""
    source = look(found).contents(*link.source)
    awaits = bool(awaited(design, found, link))
    for table in link.tables:
        there = covered([table], source, table.name.schema)
        if table.name.table != "*" and not there and not awaits:
            item = look(found).table(*link.source, table.name.schema, table.name.table)
            shape = next(
                (s for s in source.shapes if (s.schema, s.name) == (table.name.schema, table.name.table)), None
            )
            why = f"it is a {item.kind.lower()}" if item is not None else "it does not exist"
            why = (why_not(shape, table.via) if shape is not None else "") or why
            yield f"{show_table(table.name)} is not mirrored as a {table.via.value.replace('-', ' ')}: {why}"


def _replicas(found: Found, link: Link) -> Iterator[str]:
    """Why replicas cannot be made yet."""
    for instance in sorted({link.reader[0], link.source[0]}):
        server = found.servers[instance]
        if not server.superuser:
            yield (
                f'instance "{instance}": {quote_ident(server.user)} is not superuser and cannot make the replicas that '
                f'database "{link.reader[1]}" wants of database "{link.source[1]}"'
            )
    if not logical(found, link.source[0]):
        level = found.servers[link.source[0]].settings["wal_level"].value
        yield (
            f'instance "{link.source[0]}": wal_level is {level}: replicas of database "{link.source[1]}" are made by '
            "the first apply after a restart with wal_level = logical"
        )


def _slots(design: Design, found: Found, link: Link) -> Iterator[str]:
    """Which replicas wait for a restart that gives the server more slots."""
    able = link.name in {one.name for one in replicas(design, found)}
    if able and logical(found, link.source[0]) and not has_slot(design, found, link):
        most = found.servers[link.source[0]].settings["max_replication_slots"].value
        yield (
            f'instance "{link.source[0]}": max_replication_slots is {most}: the replicas that database '
            f'"{link.reader[1]}" wants of database "{link.source[1]}" are made by the first apply after a restart '
            "with more"
        )
