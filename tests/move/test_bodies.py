"""What the text of a function does with others' schemas: read, written, called, or not to be told."""

from __future__ import annotations

import pytest

from freehold.move.bodies import Touched, base_of, touched
from freehold.spec.model import TableName

ODD = 'ü "s'
SCHEMAS = frozenset({"a", ODD})
T, U, X = TableName("a", "t"), TableName("a", "u"), TableName(ODD, "t'x")

READS = {
    "sql": ("SELECT n FROM A . t -- a.no\n", {T}),
    "sql several": ('SELECT 1 FROM b.own, (SELECT * FROM "a".t) AS s; SELECT a.id FROM b.own AS a', {T}),
    "sql odd": ('SELECT count(*) FROM "ü ""s"."t\'x"', {X}),
    "sql with": ("WITH t AS (SELECT 1) SELECT * FROM t JOIN a.u ON true", {U}),
    "plpgsql": ("DECLARE n int; BEGIN SELECT count(*) INTO n FROM a.t; RETURN n; END", {T}),
    "plpgsql loop": ("DECLARE r a.t%ROWTYPE; BEGIN FOR r IN SELECT * FROM a.t LOOP NULL; END LOOP; END", {T}),
    "plpgsql rows": ("DECLARE r a.u.id%TYPE := 1; BEGIN IF EXISTS (SELECT FROM a.t) THEN RETURN; END IF; END", {T, U}),
    "plpgsql string": ("BEGIN RAISE NOTICE 'there is no a.t'; PERFORM 1 FROM a.t; END", {T}),
    "plpgsql own dynamic": ("BEGIN EXECUTE format('SELECT %I', 'x'); PERFORM 1 FROM a.t; END", {T}),
}
NOTHING = {
    "sql comment": "SELECT 1 /* FROM a.t */",
    "sql alias": "SELECT a.id FROM b.own AS a",
    "plpgsql": "BEGIN PERFORM 1 FROM b.own; END",
    "c": "some_symbol",
}
NOT_TOLD = {
    "plpgsql dynamic": ("BEGIN EXECUTE 'SELECT 1 FROM a.t'; END", '"a"."t"'),
    "plpgsql built": ("BEGIN EXECUTE format('SELECT 1 FROM %I.%I', 'a', x); END", 'schema "a"'),
    "plpgsql kept": ("DECLARE q text := 'TABLE a.t'; BEGIN EXECUTE q; END", '"a"."t"'),
    "plpgsql called": ("BEGIN IF a.is_so(1) THEN RETURN; END IF; END", '"a"."is_so"'),
    "plpgsql merge": ("BEGIN MERGE INTO a.t USING b.o ON true WHEN MATCHED THEN DO NOTHING; END", '"a"."t"'),
    "plpgsql broken": ("BEGIN SELECT FROM FROM a.t; END", '"a"."t"'),
    "sql text": ("SELECT 'a.t'::regclass", '"a"."t"'),
    "sql broken": ("SELECT FROM FROM a.t", '"a"."t"'),
    "plpython3u": ('plpy.execute("SELECT 1 FROM a.t")', "plpython3u"),
}
WRITES = {
    "sql": ("INSERT INTO a.t SELECT * FROM a.u; SELECT 1", {T}, {U}),
    "sql atomic": ("CREATE FUNCTION b.f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM a.t; END", {T}, set()),
    "sql locks": ("SELECT 1 FROM a.t FOR UPDATE", {T}, set()),
    "plpgsql": ("BEGIN WITH x AS (UPDATE a.t SET n = 1 RETURNING n) SELECT 1 FROM x, a.u; END", {T}, {U}),
    "sql merge": ("MERGE INTO a.t USING a.u ON true WHEN MATCHED THEN DO NOTHING", {T}, {U}),
}


def told(found: Touched) -> list[object]:
    """All but what is read."""
    return [*found.writes, *found.calls, *found.types, *found.undecided]


@pytest.mark.parametrize("case", READS)
def test_what_is_read(case: str) -> None:
    text, wanted = READS[case]
    found = touched(case.split()[0], text, SCHEMAS)
    assert (found.reads, told(found)) == (wanted, [])


@pytest.mark.parametrize("case", NOTHING)
def test_what_concerns_nobody(case: str) -> None:
    found = touched(case.split()[0], NOTHING[case], frozenset({"a_schema", ODD} if case == "c" else SCHEMAS))
    assert (found.reads, told(found)) == (set(), [])


@pytest.mark.parametrize("case", NOT_TOLD)
def test_what_cannot_be_told(case: str) -> None:
    text, why = NOT_TOLD[case]
    found = touched(case.split()[0], text, SCHEMAS)
    assert any(why in one for one in found.undecided), found


@pytest.mark.parametrize("case", WRITES)
def test_what_is_written(case: str) -> None:
    text, writes, reads = WRITES[case]
    found = touched(case.split()[0], text, SCHEMAS)
    assert (found.writes, found.reads - found.writes) == (writes, reads)


def test_functions_and_types_of_others() -> None:
    found = touched("sql", "SELECT a.f(x::a.mood) FROM b.own", SCHEMAS)
    assert (found.calls, found.types, found.undecided) == ({TableName("a", "f")}, {TableName("a", "mood")}, set())


def test_a_name_without_its_schema() -> None:
    found = touched("sql", "SELECT 1 FROM t, u, v", SCHEMAS, lambda name: {"t": "a", "u": "?a"}.get(name, ""))
    assert (found.reads, len(found.undecided)) == ({T}, 1)


def test_the_base_of_an_updatable_view() -> None:
    assert base_of("SELECT t.id FROM a.t WHERE (EXISTS ( SELECT FROM b.u))") == T
    assert base_of("SELECT t.id FROM a.t, a.u") is None
