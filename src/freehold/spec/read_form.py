"""The form of one item of ``reads:`` in the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from freehold.spec.form import Form, List, word
from freehold.spec.model import Via
from freehold.spec.tree import Text
from freehold.spec.values import Refused, Table


class ReadForm(Form):
    """A table of another service, and how it is read when it lives in another database."""

    short: ClassVar[Mapping[str, object] | None] = {
        "type": "string",
        "pattern": r"^.+\..+$|^env:.+$",
        "description": "the table, as a foreign table",
    }

    table: Table = Field(description="The table, or all tables of a schema.", examples=["trading.orders"])
    via: Annotated[str, *word(*Via)] = Field(
        default=Via.FOREIGN_TABLE.value,
        description="In another database: read there at each query, or kept here as a copy that follows.",
        examples=["replica"],
    )

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        return {"table": value}

    @model_validator(mode="after")
    def _listed(self) -> ReadForm:
        if self.table.table == "*" and self.via == Via.REPLICA:
            raise Refused("a replica of all tables of a schema", "List the tables, one item each.")
        return self


def _once(reads: list[ReadForm]) -> list[ReadForm]:
    if len({read.table for read in reads}) < len(reads):
        raise Refused("the list names the same table twice", "Remove the second one.")
    return reads


Reads = Annotated[List[ReadForm], AfterValidator(_once)]
