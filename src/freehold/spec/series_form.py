"""The forms of data that ages: ``timeseries:`` and ``retention:`` of a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from freehold.spans import Span, parse_span
from freehold.spec.form import Form, List, mapping, word
from freehold.spec.series import AGGREGATES, BATCH_DEFAULT, Aggregate, How
from freehold.spec.tree import Text, Unknown
from freehold.spec.values import VARIABLE, Name, OneTable, Plain, Refused, integer, pattern, raw, scalar

_UNITS = "seconds?|minutes?|hours?|days?|weeks?|months?|years?"
_AGGREGATE = re.compile(rf"\s*({'|'.join(AGGREGATES)})\s*\(\s*(\*|\"(?:[^\"]|\"\")+\"|[^\"()]+?)\s*\)\s*")


def _span(value: object) -> Span:
    hint = "Write a number and one of seconds, minutes, hours, days, weeks, months, years, as 1 day."
    text = scalar(value, hint)
    if isinstance(value, Unknown):
        return Span(seconds=86_400)
    try:
        return parse_span(text)
    except ValueError:
        raise Refused(f'"{raw(value)}" is not an interval', hint) from None


def _aggregate(value: object) -> Aggregate:
    hint = f"Write one of {', '.join(AGGREGATES)} with one column, as max(price), or count(*)."
    text = scalar(value, hint)
    if isinstance(value, Unknown):
        return Aggregate("", "count")
    match = _AGGREGATE.fullmatch(text)
    if match is None or (match[2] == "*" and match[1] != "count"):
        raise Refused(f'"{raw(value)}" is not an aggregate', hint)
    column = match[2][1:-1].replace('""', '"') if match[2].startswith('"') else match[2]
    return Aggregate("", match[1], "" if column == "*" else column)


Interval = Annotated[
    Span,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*\d+\s*({_UNITS})\s*$|{VARIABLE}"}),
]
Computed = Annotated[
    Aggregate,
    BeforeValidator(_aggregate),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*({'|'.join(AGGREGATES)})\s*\(.+\)\s*$|{VARIABLE}"}),
]
Parts = Annotated[int, BeforeValidator(integer(2, 1024, "a number of partitions")), pattern(2, 1024)]
Batch = Annotated[int, BeforeValidator(integer(1, 1_000_000, "a number of rows")), pattern(1, 1_000_000)]
Flag = Annotated[
    str,
    word("true", "false")[0],
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": VARIABLE}]}),
]


class SpaceForm(Form):
    """A second dimension of a time series."""

    column: Name = Field(description="The column whose hash spreads the rows.", examples=["company_id"])
    partitions: Parts = Field(description="Into how many parts.", examples=[4])


class RollupForm(Form):
    """A table that is kept beside a time series, with one row for each interval and group."""

    every: Interval = Field(description="How much time one row stands for.", examples=["1 minute"])
    by: List[Name] = Field(default_factory=list, description="The columns that group the rows.", examples=[["symbol"]])
    aggregates: Annotated[dict[Name, Computed], BeforeValidator(mapping)] = Field(
        description="The computed columns by name.", examples=[{"open": "first(price)", "high": "max(price)"}]
    )
    retention: Interval | None = Field(default=None, description="How long its rows are kept.", examples=["2 years"])


class TimeSeriesForm(Form):
    """A table cut by time."""

    time: Name = Field(description="The time column: timestamptz, timestamp or date, NOT NULL.", examples=["time"])
    chunk: Interval = Field(description="How much time one piece holds.", examples=["1 day"])
    space: SpaceForm | None = Field(
        default=None,
        description="A second dimension within each piece.",
        examples=[{"column": "company_id", "partitions": 4}],
    )
    ahead: Interval | None = Field(
        default=None,
        description="How far pieces are made in advance; default: three pieces, and three days at least.",
        examples=["7 days"],
    )
    retention: Interval | None = Field(
        default=None, description="How long pieces are kept; then they are dropped.", examples=["90 days"]
    )
    compress_after: Interval | None = Field(
        default=None,
        description="When TimescaleDB compresses a piece; PostgreSQL alone does not.",
        examples=["7 days"],
    )
    rollups: Annotated[dict[OneTable, RollupForm], BeforeValidator(mapping)] = Field(
        default_factory=dict,
        description="Tables of aggregates that are kept beside it, by name.",
        examples=[{"market.bar": {"every": "1 minute", "aggregates": {"high": "max(price)"}}}],
    )
    default_partition: Flag = Field(
        default="true",
        description="Keep a row that no piece takes until the next maintenance moves it; false: PostgreSQL refuses it.",
        examples=["false"],
    )


class HoldForm(Form):
    """What must not be removed, however old it is."""

    short: ClassVar[Mapping[str, object]] = {"type": "string", "description": "a boolean column"}

    column: Name | None = Field(default=None, description="A boolean column: true is held.", examples=["legal_hold"])
    where: Plain | None = Field(
        default=None, description="A condition on the row, in SQL.", examples=["status = 'disputed'"]
    )
    table: OneTable | None = Field(
        default=None,
        description="A table of holds: a row that one of its rows matches is held.",
        examples=["legal.hold"],
    )
    match: Annotated[dict[Name, Name], BeforeValidator(mapping)] = Field(
        default_factory=dict, description="Own column: column of that table.", examples=[{"account_id": "account_id"}]
    )

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        return {"column": value}

    @model_validator(mode="after")
    def _one_way(self) -> HoldForm:
        ways = [way for way in (self.column, self.where, self.table) if way is not None]
        if len(ways) != 1:
            raise Refused("a hold needs one of column, where and table", "Keep one of the three.")
        if (self.table is None) == bool(self.match):
            raise Refused("table and match belong together", "Write table: and match: {own column: column there}.")
        return self


class RetentionForm(Form):
    """How long the rows of one table are kept."""

    by: Name = Field(description="The column that says how old a row is.", examples=["created_at"])
    keep: Interval = Field(description="How long rows are kept.", examples=["7 years"])
    how: Annotated[str, *word(*How)] = Field(
        default="delete",
        description="delete: rows in batches; drop: whole partitions of a time series.",
        examples=["drop"],
    )
    batch: Batch = Field(default=BATCH_DEFAULT, description="Rows of one batch.", examples=[5000])
    hold: HoldForm | None = Field(
        default=None, description="What is kept longer; a held row is never removed.", examples=["legal_hold"]
    )


TimeSeriesByTable = Annotated[dict[OneTable, TimeSeriesForm], BeforeValidator(mapping)]
RetentionByTable = Annotated[dict[OneTable, RetentionForm], BeforeValidator(mapping)]
