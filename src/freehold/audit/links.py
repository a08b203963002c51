"""Every declared reference with both its ends placed, and the line that declares it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from freehold.audit.model import End, Link
from freehold.layouts.model import Placements
from freehold.spec.model import Mark, Platform, Reference, TableName
from freehold.spec.names import dotted, parse_columns


def links(platform: Platform, placements: Placements, services: Collection[str] = ()) -> Iterator[Link]:
    """The references that start or end in one of ``services`` (empty: all), by service and table.

    A reference into a schema that nobody declares has no other end, and ``validate`` complains about it.
    """
    for service in platform.services:
        for reference in service.references:
            owner = platform.owner_of(reference.to_table.schema)
            if owner is None or (services and not {service.name, owner.name} & set(services)):
                continue
            mark, text = _declared(platform, service.name, reference)
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


def _declared(platform: Platform, service: str, reference: Reference) -> tuple[Mark, str]:
    """Where the reference is declared: the lists of a Platform are sorted, so it is sought by what it says."""
    here = ("services", service, "references")
    at = 0
    while dotted(*here, at) in platform.marks:
        ends = [platform.written.get(dotted(*here, at, end), "") for end in ("from", "to")]
        if [_parsed(end) for end in ends] == [
            (reference.table, reference.columns),
            (reference.to_table, reference.to_columns),
        ]:
            return platform.marks[dotted(*here, at)], f"{{from: {ends[0]}, to: {ends[1]}}}"
        at += 1
    nearest = next((path for path in (dotted(*here), dotted(*here[:2]), "") if path in platform.marks), "")
    return platform.marks.get(nearest, Mark(platform.file, 1, 1)), ""


def _parsed(text: str) -> tuple[TableName, tuple[str, ...]] | None:
    try:
        return parse_columns(text)
    except ValueError:
        return None
