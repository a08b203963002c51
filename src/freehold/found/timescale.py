"""What a snapshot holds of TimescaleDB in one database: hypertables, continuous aggregates, and which edition it is."""

from __future__ import annotations

from dataclasses import dataclass

INNER = "_timescaledb_internal"
"""The schema of chunks and of everything else that stands behind a hypertable or a continuous aggregate."""


@dataclass(frozen=True, slots=True, order=True)
class Hypertable:
    """A table that TimescaleDB cuts. ``space`` are (column, parts) of its dimensions besides time."""

    schema: str
    name: str
    column: str
    chunk_seconds: int
    space: tuple[tuple[str, int], ...] = ()
    compressed: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Aggregate:
    """A continuous aggregate: a view, and the hypertable it is computed from."""

    schema: str
    name: str
    base_schema: str
    base_name: str


@dataclass(frozen=True, slots=True)
class Timescale:
    """TimescaleDB as it is installed. ``schema`` is where its functions are; ``licence`` as timescaledb.license says.

    An installation that was built without what is not Apache-licensed, and one that was told not to use it, both say
    ``apache``: they have neither continuous aggregates nor compression. ``schemas`` are those that it made for itself.
    """

    schema: str
    licence: str
    hypertables: tuple[Hypertable, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    schemas: tuple[str, ...] = ()

    @property
    def apache(self) -> bool:
        return self.licence != "timescale"

    def hypertable(self, schema: str, name: str) -> Hypertable | None:
        return next((one for one in self.hypertables if (one.schema, one.name) == (schema, name)), None)

    def aggregate(self, schema: str, name: str) -> Aggregate | None:
        return next((one for one in self.aggregates if (one.schema, one.name) == (schema, name)), None)
