"""Every declared reference with both its ends placed, and the line that declares it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from freehold.audit.model import End, Link
from freehold.layouts.model import Placements
from freehold.spec.marked import reference_at
from freehold.spec.model import Platform, TableName


def links(platform: Platform, placements: Placements, services: Collection[str] = ()) -> Iterator[Link]:
    """The references that start or end in one of ``services`` (empty: all), by service and table.

    A reference into a schema that nobody declares has no other end, and ``validate`` complains about it.
    """
    for service in platform.services:
        for reference in service.references:
            owner = platform.owner_of(reference.to_table.schema)
            if owner is None or (services and not {service.name, owner.name} & set(services)):
                continue
            mark, text = reference_at(platform, service.name, reference)
            yield Link(
                child=_end(placements, service.name, reference.table, reference.columns),
                parent=_end(placements, owner.name, reference.to_table, reference.to_columns),
                file=mark.file,
                line=mark.line,
                text=text,
            )


def _end(placements: Placements, service: str, table: TableName, columns: tuple[str, ...]) -> End:
    place = placements.of(service)
    return End(service, place.instance, place.database, table, columns)
