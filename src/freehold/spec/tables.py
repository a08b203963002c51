"""The name of a table, which every noun of a declaration may need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table by schema and name; ``table == "*"`` means every table of the schema, now and later."""

    schema: str
    table: str
