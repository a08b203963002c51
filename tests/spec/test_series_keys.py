"""A key of a time series without its time column is found in the SQL, at its line, with the statement that mends it."""

from __future__ import annotations

import pytest

from freehold.spans import Span
from freehold.spec.model import Service, TableName
from freehold.spec.series import Space, TimeSeries
from freehold.spec.series_keys import keys_without_time

TICK = TableName("m", "tick")
TIME = TimeSeries(TICK, "time", Span(seconds=86_400))
SPREAD = TimeSeries(TICK, "time", Span(seconds=86_400), Space("symbol", 4))
HEAD = "-- a comment\nCREATE TABLE tick (\n  id int{},\n  time timestamptz,\n  symbol text{}\n);\n"


def found(*texts: str, series: TimeSeries = TIME) -> list[tuple[str, int, str, str]]:
    files = [(f"{number}.sql", text) for number, text in enumerate(texts, 1)]
    keys = keys_without_time(Service("m", ("m",), timeseries=(series,)), files)
    return [(key.file, key.line, key.name, key.missing) for key in keys]


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        (HEAD.format(" PRIMARY KEY", ""), 3, "tick_pkey"),
        (HEAD.format(" UNIQUE", ""), 3, "tick_id_key"),
        (HEAD.format("", ",\n  CONSTRAINT k UNIQUE (id, symbol)"), 6, "k"),
        (HEAD.format("", "") + "ALTER TABLE m.tick ADD PRIMARY KEY (id);", 7, "tick_pkey"),
        (HEAD.format("", "") + "\nCREATE UNIQUE INDEX u ON tick (id);", 8, "u"),
        (HEAD.format("", "") + "ALTER TABLE tick ADD COLUMN z int UNIQUE", 7, "tick_z_key"),
    ],
)
def test_a_key_is_found_at_its_line(text: str, line: int, name: str) -> None:
    assert found(text) == [("1.sql", line, name, "time")]


@pytest.mark.parametrize(
    "text",
    [
        HEAD.format("", ",\n PRIMARY KEY (id, time)"),
        HEAD.format("", "") + "CREATE INDEX ON tick (id);",
        HEAD.format("", "").replace("tick", "other.tick").replace("id int", "id int PRIMARY KEY"),
        HEAD.format(" PRIMARY KEY", "").replace("tick", "tock"),
        "CREATE TABLE tick (id int PRIMARY KEY, \\gexec",
        HEAD.format("", "") + "CREATE UNIQUE INDEX u ON tick (id); DROP INDEX m.u",
    ],
)
def test_what_is_no_such_key_is_not(text: str) -> None:
    assert found(text) == []


def test_a_later_file_may_mend_it() -> None:
    first = HEAD.format(" PRIMARY KEY", "")
    assert found(first, "ALTER TABLE tick DROP CONSTRAINT tick_pkey, ADD PRIMARY KEY (id, time)") == []
    assert found(first, "ALTER TABLE tick DROP CONSTRAINT tick_pkey") == []
    again = "ALTER TABLE tick DROP CONSTRAINT tick_pkey, ADD CONSTRAINT k PRIMARY KEY (id, symbol)"
    assert found(first, again) == [("2.sql", 1, "k", "time")]


def test_the_second_dimension_belongs_to_the_key_too() -> None:
    text = HEAD.format("", ",\n PRIMARY KEY (id, time)")
    assert found(text, series=SPREAD) == [("1.sql", 6, "tick_pkey", "symbol")]


def test_the_remedy_is_a_statement_that_is_silent() -> None:
    text = HEAD.format(" PRIMARY KEY", "").replace("id int", '"I d" int')
    (key,) = keys_without_time(Service("m", ("m",), timeseries=(TIME,)), [("1.sql", text)])
    mended = key.remedy.partition("in a new migration: ")[2]
    assert mended == (
        'ALTER TABLE "m"."tick" DROP CONSTRAINT "tick_pkey", ADD CONSTRAINT "tick_pkey" PRIMARY KEY ("I d", "time")'
    )
    assert found(text, mended) == []
