"""Which engine keeps a time series, and what becomes of what stands behind it in a snapshot: without a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.found.fingerprint import fingerprint
from freehold.found.links import Column, Shape
from freehold.found.model import Contents, Database, Found, Grant, Object, Schema, Server
from freehold.found.timescale import INNER, Aggregate, Hypertable, Timescale
from freehold.pg.rows import Json
from freehold.pg.timescalerows import with_timescale
from freehold.plan import aggregates, hypertables
from freehold.plan.engines import Engine, Home, kept
from freehold.plan.mirror import why_not
from freehold.prove.trace import counting
from freehold.spans import Span, parse_span
from freehold.spec import series as series_nouns
from freehold.spec.model import Via
from freehold.spec.series import Rollup, Space, TimeSeries
from freehold.spec.tables import TableName
from support.found_json import dumps, loads

DAY = Span(seconds=86_400)
TICK = TimeSeries(TableName("m", "tick"), "time", DAY)
ROLLED = replace(TICK, rollups=(Rollup(TableName("m", "bar"), DAY, (), ()),))
HOME = Home("main", "db", "m", "own", declared=True, schema="extensions")
TABLE = Object("TABLE", "m", "tick", "own", frozenset({Grant("app", "SELECT", "own", False)}))
HYPERTABLE = Hypertable("m", "tick", "time", 86_400)
SHAPE = Shape("m", "tick", (Column("time", "timestamp with time zone"),))


def found(contents: Contents, *available: str) -> Found:
    database = Database("db", "postgres", "UTF8", "C", "C", -1, False, True, frozenset(), (), contents)
    server = Server(
        "main", 150020, "postgres", True, True, "postgres", databases={"db": database},
        extensions_available=frozenset(available),
    )  # fmt: skip
    return Found({"main": server})


def with_extension(licence: str = "timescale", *tables: Hypertable, **more: object) -> Contents:
    usable = frozenset({Grant("public", "USAGE", "postgres", False)}) if more.pop("open", False) else frozenset()
    return Contents(
        schemas={"extensions": Schema("extensions", "postgres", usable)},
        extensions={"timescaledb": "2.24.0"},
        timescale=Timescale("extensions", licence, tables),
        **more,  # type: ignore[arg-type]  # fields of Contents
    )


def test_without_the_extension_postgresql_keeps_everything() -> None:
    assert kept(found(Contents()), HOME, ROLLED).native
    # declared, and the server has it: this plan installs it
    assert kept(found(Contents(), "timescaledb"), HOME, ROLLED).engine is Engine.TIMESCALE
    assert kept(found(Contents(), "timescaledb"), replace(HOME, declared=False), ROLLED).native


@pytest.mark.parametrize(
    ("contents", "series", "why"),
    [
        (with_extension(), ROLLED, ""),
        (with_extension(objects=(TABLE,), shapes=(SHAPE,)), ROLLED, ""),
        (with_extension(objects=(replace(TABLE, kind="PARTITIONED TABLE"),)), TICK, "partitioned by PostgreSQL"),
        (with_extension(objects=(TABLE,), shapes=(replace(SHAPE, row_security=True),)), TICK, "row level security"),
        (with_extension("apache"), ROLLED, 'timescaledb.license is "apache"'),
        (with_extension("apache"), TICK, ""),
        # and afterwards that is still why, though by now it is partitioned too
        (with_extension("apache", objects=(replace(TABLE, kind="PARTITIONED TABLE"),)), ROLLED, 'license is "apache"'),
        # what is a hypertable stays one
        (with_extension("apache", HYPERTABLE, shapes=(replace(SHAPE, row_security=True),)), ROLLED, ""),
    ],
)
def test_what_timescaledb_cannot_keep_stays_with_postgresql(contents: Contents, series: TimeSeries, why: str) -> None:
    answer = kept(found(contents), HOME, series)
    assert (answer.native, why in answer.why) == (bool(why), True)


def test_a_service_that_may_not_use_the_extension_does_without() -> None:
    home = replace(HOME, declared=False)
    assert "does not declare" in kept(found(with_extension()), home, TICK).why
    assert kept(found(with_extension(open=True)), home, TICK).engine is Engine.TIMESCALE


def test_a_hypertable_is_changed_to_what_is_declared_and_back() -> None:
    have = Hypertable("m", "tick", "time", 86_400)
    declared = replace(TICK, chunk=parse_span("1 month"), space=Space('a"b', 4), compress_after=parse_span("7 days"))
    want = hypertables.wanted(declared, packs=True)

    assert (want.chunk_seconds, want.space, want.compressed) == (30 * 86_400, (('a"b', 4),), True)
    there = [one.shown() for one in hypertables.change(declared, have, want, "extensions")]
    assert there == [
        """SELECT "extensions".add_dimension('"m"."tick"', 'a"b', number_partitions => 4)""",
        """SELECT "extensions".set_chunk_time_interval('"m"."tick"', interval '2592000 seconds')""",
        (
            """ALTER TABLE "m"."tick" SET (timescaledb.compress, timescaledb.compress_orderby = '"time" DESC',"""
            """ timescaledb.compress_segmentby = '"a""b"')"""
        ),
    ]
    assert [one.shown() for one in hypertables.back(declared, have, want, "extensions")] == [
        'ALTER TABLE "m"."tick" SET (timescaledb.compress = false)',
        """SELECT "extensions".set_chunk_time_interval('"m"."tick"', interval '86400 seconds')""",
    ]
    assert hypertables.change(declared, want, want, "extensions") == ()
    assert not hypertables.wanted(declared, packs=False).compressed


def test_an_aggregate_has_the_columns_of_the_native_table() -> None:
    rollup = Rollup(
        TableName("m", "bar"),
        parse_span("15 minutes"),
        ("symbol",),
        (
            series_nouns.Aggregate("open", "first", "price"),
            series_nouns.Aggregate("n", "count"),
            series_nouns.Aggregate("mean", "avg", "price"),
        ),
    )
    assert aggregates.query(TICK, rollup, "extensions").shown() == (
        """SELECT "extensions".time_bucket(interval '900 seconds', "time") AS "bucket", "symbol","""
        """ "extensions"."first"("price", "time") AS "open", pg_catalog.count(*) AS "n","""
        """ "pg_catalog"."avg"("price") AS "mean" FROM "m"."tick" GROUP BY 1, "symbol\""""
    )


def got(**more: Json) -> dict[str, Json]:
    return {
        "schema": "extensions",
        "schemas": [INNER],
        "licence": "timescale",
        "hypertables": [["m", "tick", "time", 86400, [["symbol", 2]], True]],
        "aggregates": [["m", "bar", "m", "tick"]],
        "parts": [
            [INNER, "c1", "m", "tick"],
            [INNER, "z1", INNER, "c1"],
            [INNER, "mat", "m", "bar"],
            [INNER, "c2", INNER, "mat"],
        ],
        **more,
    }


VIEW = replace(TABLE, kind="VIEW", name="bar")
STRANGER = Grant("stranger", "SELECT", "own", False)


def behind(name: str, *more: Grant, **changed: object) -> Object:
    return replace(TABLE, schema=INNER, name=name, acl=TABLE.acl | set(more), **changed)  # type: ignore[arg-type]


def test_what_stands_behind_a_table_is_left_out() -> None:
    inner = tuple(behind(name) for name in ("c1", "z1", "mat", "c2", "loose"))
    own = behind("own", Grant("own", "SELECT", "own", False))
    contents = with_timescale(
        Contents(
            objects=(TABLE, VIEW, *inner, own),
            shapes=(SHAPE, replace(SHAPE, schema=INNER, name="c1")),
            foreign_keys=((f"{INNER}.c1", "m.symbol"), ("m.tick", "n.other")),
        ),
        got(),
    )

    assert [(one.kind, one.name) for one in contents.objects] == [("MATERIALIZED VIEW", "bar"), ("TABLE", "tick")]
    assert (contents.shapes, contents.foreign_keys) == (
        (replace(SHAPE, chunked=True),),
        (("m.tick", "n.other"),),
    )
    assert contents.timescale == Timescale(
        "extensions",
        "timescale",
        (Hypertable("m", "tick", "time", 86_400, (("symbol", 2),), compressed=True),),
        (Aggregate("m", "bar", "m", "tick"),),
        (INNER,),
    )


@pytest.mark.parametrize("name", ["c1", "z1", "mat", "c2", "loose"])
def test_what_is_more_open_than_its_table_stays_with_that_right_alone(name: str) -> None:
    contents = with_timescale(Contents(objects=(TABLE, VIEW, behind(name, STRANGER))), got())
    (left,) = (one for one in contents.objects if one.schema == INNER)
    assert (left.name, left.acl) == (name, {STRANGER})
    assert left.partition_of == {"loose": (), "mat": ("m", "bar"), "c2": ("m", "bar")}.get(name, ("m", "tick"))


def test_of_a_table_with_row_level_security_every_right_on_a_chunk_counts() -> None:
    secured = replace(SHAPE, row_security=True)
    contents = with_timescale(Contents(objects=(TABLE, behind("c1")), shapes=(secured,)), got())
    assert [one.acl for one in contents.objects if one.schema == INNER] == [TABLE.acl]


def test_a_chunk_of_another_owner_stays() -> None:
    contents = with_timescale(Contents(objects=(TABLE, behind("c1", owner="stranger"))), got())
    assert [one.owner for one in contents.objects if one.schema == INNER] == ["stranger"]


def test_a_hypertable_is_no_source_of_a_replica() -> None:
    assert "its chunks" in why_not(replace(SHAPE, chunked=True), Via.REPLICA)
    assert (why_not(SHAPE, Via.REPLICA), why_not(replace(SHAPE, chunked=True), Via.FOREIGN_TABLE)) == ("", "")


def test_a_proof_counts_the_rows_of_chunks_and_no_sequence_of_timescaledb() -> None:
    timescale = Timescale("extensions", "timescale", (HYPERTABLE,), schemas=(INNER,))
    plain = counting(Contents(objects=(TABLE,))).shown()
    spread = counting(Contents(objects=(TABLE,), timescale=timescale)).shown()
    assert ('FROM ONLY "m"."tick"' in plain, INNER in plain) == (True, False)
    assert ('SELECT FROM "m"."tick"' in spread, f"NOT IN ('{INNER}')" in spread) == (True, True)


def test_a_snapshot_with_hypertables_can_be_written_down_and_one_without_has_the_fingerprint_it_had() -> None:
    there = found(with_extension("timescale", Hypertable("m", "tick", "time", 86_400, (("a", 2),))))
    assert loads(dumps(there)) == there
    bare = found(Contents())
    assert "timescale" not in dumps(bare)
    assert fingerprint(bare) == "ec201dcc6d9f5d04b7555010aad6cb66fc8eef1aadce8bb3f0a9b3aab8c491cc"
    assert fingerprint(there) != fingerprint(found(with_extension("timescale")))
