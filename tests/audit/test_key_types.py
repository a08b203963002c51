"""Every group of types agrees with PostgreSQL's own comparison, between servers that differ in all they can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest

from freehold.audit import catalog, keys
from freehold.audit.key_types import texts
from freehold.audit.key_types._kind import members
from freehold.audit.model import Column, End, State
from freehold.audit.questions import settings
from freehold.ports import Address
from freehold.spec.model import Reference, TableName
from freehold.sqltext import ident, literal, raw, sql
from support.references import Pair, codes

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "int2": ("0", "-1", "32767", "7"),
    "int4": ("0", "-1", "2147483647", "7"),
    "int8": ("0", "-1", "9223372036854775807", "2147483648", "7"),
    "numeric": ("0", "-1.0", "1.0", "1.00", "0.1", "7.000", "'NaN'", "'Infinity'", "'-Infinity'", "1e40", "1e-40"),
    "float4": ("0", "'-0'", "1.1", "1.5", "'NaN'", "'-Infinity'", "1e-30", "16777217"),
    "float8": ("0", "'-0'", "1.1", "1.5", "'NaN'", "'Infinity'", "1e-300", "16777217"),
    "text": ("''", "'a'", "'a '", "'A'", "'ä'", "'z'", "'Z'", "'a-b'", "'ab'", "E'x\\ty\\nz\\\\'", "'😀'", "'{\"'"),
    "varchar": ("''", "'a'", "'a '", "'A'", "'ä'", "'a-b'", "'ab'", "'Straße'"),
    "bpchar": ("''", "'a'", "'a '", "'A'", "'ä'", "'ab'"),
    "name": ("''", "'a'", "'A'", "'a '", "'ab'"),
    "citext": ("''", "'a'", "'A '", "'Ä'", "'ä'", "'AB'", "'ab'", "'STRASSE'", "'I'", "'ı'"),
    "uuid": (
        "'00000000-0000-0000-0000-000000000000'",
        "'FFFFFFFF-0000-0000-0000-000000000001'",
        "'0fffffff-0000-0000-0000-000000000001'",
    ),
    "bytea": ("''", "'\\x00'", "'\\xff'", "'\\x00ff'", "'\\x5c'"),
    "bool": ("true", "false"),
    "date": ("'2026-03-29'", "'0044-03-15 BC'", "'infinity'", "'-infinity'", "'12026-01-01'", "'0044-03-15'"),
    "timestamp": (
        "'2026-03-29 00:00'",
        "'2026-03-29 00:00:00.000001'",
        "'0044-03-15 BC'",
        "'infinity'",
        "'12026-01-01'",
    ),
    "timestamptz": (
        "'2026-03-29 02:30+02'",
        "'2026-03-29 00:30Z'",
        "'2026-03-29 00:30:00.5Z'",
        "'0044-03-15 00:00Z BC'",
        "'-infinity'",
    ),
    "time": ("'00:00'", "'24:00'", "'12:30:00.5'", "'12:30'"),
    "inet": ("'10.0.0.1'", "'10.0.0.1/32'", "'10.0.0.1/8'", "'::1'", "'10.0.0.0/8'"),
    "cidr": ("'10.0.0.1/32'", "'10.0.0.0/8'", "'::1/128'"),
    "mood": ("'sad'", "'glad'", "'we\"ird'"),
    "positive": ("1", "7", "2147483648"),
}
"""Values of each type as SQL. ``mood`` is an enumerated type, ``positive`` a domain over a domain over bigint."""

TYPES = """
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE public.mood AS ENUM ('sad', 'we"ird', 'glad');
CREATE DOMAIN public.whole AS int8;
CREATE DOMAIN public.positive AS public.whole CHECK (VALUE > 0)
"""
UNDER = {"mood": "enum", "positive": "int8"}

BESIDES = frozenset(
    {
        # nothing in PostgreSQL makes a citext, or a name of one, unasked; the parent's equality decides all the same
        ("citext", "name"),
        ("text", "citext"),
        ("varchar", "citext"),
        ("bpchar", "citext"),
    }
)
"""Pairs that a real foreign key refuses and an audit compares."""


def compared() -> Iterator[tuple[str, str]]:
    """Every pair of types that some group compares, by the names of SAMPLES."""
    for child, parent in product(SAMPLES, SAMPLES):
        names = UNDER.get(child, child), UNDER.get(parent, parent)
        if any(names[0] in kind.refers and names[1] in kind.referred for kind in members().values()):
            yield child, parent


PAIRS = sorted(compared())


def values(kind: str, part: int = 0) -> str:
    """The samples as rows; ``part`` 1 and 2 leave every second one out."""
    chosen = [value for at, value in enumerate(SAMPLES[kind]) if not part or at % 2 == part - 1]
    return ", ".join(f"({value}::{kind})" for value in chosen)


def test_the_samples_reach_every_group() -> None:
    reached = {
        name
        for name, kind in members().items()
        for child, parent in PAIRS
        if UNDER.get(child, child) in kind.refers and UNDER.get(parent, parent) in kind.referred
    }
    assert reached == set(members())
    assert len(PAIRS) > 50


REFUSES = """
CREATE FUNCTION public.refuses(child text, parent text, written text) RETURNS TABLE (k text, n bigint)
LANGUAGE plpgsql SET search_path = public, pg_catalog AS $body$
DECLARE one record;
BEGIN
    CREATE TEMP TABLE lost (k text);
    FOR one IN
        EXECUTE format('SELECT c.ctid AS at, (%s)::text AS k FROM orders.%I c WHERE a IS NOT NULL', written, child)
    LOOP
        BEGIN
            EXECUTE format('INSERT INTO orders.%I SELECT a FROM orders.%I WHERE ctid = $1', parent, child) USING one.at;
        EXCEPTION WHEN foreign_key_violation THEN
            INSERT INTO lost VALUES (one.k);
        END;
    END LOOP;
    RETURN QUERY SELECT lost.k, count(*) FROM lost GROUP BY 1 ORDER BY lost.k COLLATE "C";
    DROP TABLE lost;
END $body$
"""


PLAIN = Column("a", "text", "text", "pg_catalog", "pg_catalog")


def orphans(pair: Pair, at: int, child: str, parent: str) -> list[tuple[str, int]]:
    """What a real foreign key refuses, row by row, in the child's database; where none can be, what ``=`` does."""
    kind = next(
        found
        for found in sorted(members().values(), key=lambda one: len(one.refers) + len(one.referred))
        if UNDER.get(child, child) in found.refers and UNDER.get(parent, parent) in found.referred
    )
    session = pair.on(pair.child_at, pair.child_database)
    for setting in settings(150000, 0)[1:]:
        session.execute(setting)
    if (child, parent) not in BESIDES:
        session.execute(raw(f"CREATE TABLE orders.f{at} (a {child} REFERENCES orders.p{at})"))
        question = sql(
            "SELECT * FROM public.refuses({}, {}, {})",
            literal(f"t{at}"),
            literal(f"f{at}"),
            literal(kind.written(ident("c", "a"), PLAIN).shown()),
        )
    else:
        question = sql(
            "SELECT k, count(*) FROM (SELECT ({})::text AS k FROM orders.{} AS c WHERE a IS NOT NULL AND NOT EXISTS"
            ' (SELECT FROM orders.{} AS p WHERE p.id = c.a::{})) AS z GROUP BY k ORDER BY k COLLATE "C"',
            kind.written(ident("c", "a"), PLAIN),
            ident(f"t{at}"),
            ident(f"p{at}"),
            raw(parent),
        )
    return [(str(key), int(str(count))) for key, count in session.query(question)]


@pytest.mark.parametrize("part", [1, 2])
def test_an_audit_agrees_with_postgresqls_own_comparison(across: Callable[..., Pair], part: int) -> None:
    """The child on 15 and the parent on 18, each database with settings that write values in its own way."""
    pair = across()
    pair.child(
        f"ALTER DATABASE {pair.child_database} SET timezone = 'America/St_Johns';"
        f"ALTER DATABASE {pair.child_database} SET datestyle = 'German'"
    )
    pair.parent(
        f"ALTER DATABASE {pair.parent_database} SET timezone = 'Asia/Kathmandu';"
        f"ALTER DATABASE {pair.parent_database} SET bytea_output = escape;"
        f"ALTER DATABASE {pair.parent_database} SET extra_float_digits = -3"
    )
    child, parent = [TYPES, REFUSES], [TYPES]
    for at, (one, other) in enumerate(PAIRS):
        pair.more.append(Reference(TableName("orders", f"t{at}"), ("a",), TableName("users", f"t{at}"), ("id",)))
        held = values(other, part)
        child.append(f"CREATE TABLE orders.t{at} (a {one}); INSERT INTO orders.t{at} VALUES {values(one)}, (NULL)")
        child.append(f"CREATE TABLE orders.p{at} (id {other} PRIMARY KEY)")
        child.append(f"INSERT INTO orders.p{at} VALUES {held} ON CONFLICT DO NOTHING")
        parent.append(f"CREATE TABLE users.t{at} (id {other}); INSERT INTO users.t{at} VALUES {held}")
    pair.child("; ".join(child))
    pair.parent("; ".join(parent))

    report = pair.audit(limit=100)

    assert len(report.references) == len(PAIRS)
    for checked in report.references:
        at = int(checked.link.child.table.table[1:])
        found = sorted((orphan.key[0].encode(), orphan.rows) for orphan in checked.first)
        assert checked.trouble is None, PAIRS[at]
        assert [(key.decode(), rows) for key, rows in found] == orphans(pair, at, *PAIRS[at]), PAIRS[at]
    assert sum(bool(one.first) for one in report.references) > 40


def columns_of(pair: Pair) -> dict[str, Column]:
    """A column of every type, as the catalogs describe it."""
    body = ", ".join(f'"{name}" {name}' for name in SAMPLES)
    session = pair.child(f"{TYPES}; CREATE TABLE orders.every ({body})")
    end = End("orders", "left", pair.child_database, TableName("orders", "every"), tuple(SAMPLES))
    found = session.query(catalog.table(end))
    table = catalog.read_table(found[0], session.query(catalog.columns(int(str(found[0][-1])))), (), end.columns)
    return {column.name: column for column in table.columns}


def test_what_is_compared_is_what_a_real_foreign_key_takes(pair: Pair) -> None:
    columns = columns_of(pair)
    session = pair.child("SELECT 1")
    compares, takes = set(), set()
    for child, parent in product(SAMPLES, SAMPLES):
        if keys.matched(columns[child], columns[parent]) is not None:
            compares.add((child, parent))
        if session.attempt(
            raw(
                f"BEGIN; CREATE TABLE public.p (id {parent} PRIMARY KEY);"
                f" CREATE TABLE public.c (a {child} REFERENCES public.p); ROLLBACK"
            )
        ).ok:
            takes.add((child, parent))
        session.attempt(raw("ROLLBACK"))

    assert compares == set(PAIRS)
    assert compares - takes == BESIDES
    # what depends on TimeZone, rounds, or is nobody's key
    assert {(UNDER.get(a, a), UNDER.get(b, b)) for a, b in takes - compares} == REFUSED


REFUSED = frozenset(
    {
        *product(("int2", "int4", "int8", "numeric"), ("float4", "float8")),
        ("date", "timestamptz"),
        ("timestamp", "timestamptz"),
        ("timestamptz", "timestamp"),
        ("timestamptz", "date"),
    }
)


@pytest.mark.parametrize(
    ("child", "parent"), [("text", "uuid"), ("text", "int8"), ("jsonb", "jsonb"), ("int4[]", "int4"), ("int8", "text")]
)
def test_types_that_do_not_belong_together_are_refused_by_name(pair18: Pair, child: str, parent: str) -> None:
    pair18.child(f"CREATE TABLE orders.line (a {child})")
    pair18.parent(f"CREATE TABLE users.account (id {parent})")

    report = pair18.audit()

    (checked,) = report.references
    assert checked.state is State.WRONG
    assert codes(report) == ["reference_types_differ"]
    shown = {"int8": "bigint", "int4": "integer", "int4[]": "integer[]"}
    assert f"has the type {shown.get(child, child)}" in report.findings[0].title
    assert f"has the type {shown.get(parent, parent)}" in report.findings[0].title


@pytest.mark.parametrize(
    ("child", "parent", "value"), [("text", "uuid", SAMPLES["uuid"][0]), ("varchar(9)", "int8", "'7'")]
)
def test_the_remedy_for_types_makes_them_one(pair18: Pair, child: str, parent: str, value: str) -> None:
    pair18.child(f"CREATE TABLE orders.line (a {child}); INSERT INTO orders.line VALUES ({value})")
    pair18.parent(f"CREATE TABLE users.account (id {parent} PRIMARY KEY); INSERT INTO users.account VALUES ({value})")
    pair18.child(pair18.audit().findings[0].remedy)
    assert codes(pair18.audit()) == []


def test_a_type_that_only_calls_itself_citext_is_refused(pair18: Pair) -> None:
    pair18.child("CREATE TYPE public.citext AS (a text); CREATE TABLE orders.line (a public.citext)")
    pair18.parent("CREATE EXTENSION citext; CREATE TABLE users.account (id citext)")
    assert codes(pair18.audit()) == ["reference_types_differ"]


@pytest.mark.parametrize(("child", "parent"), [("LATIN2", "UTF8"), ("UTF8", "LATIN2"), ("LATIN2", "WIN1252")])
def test_encodings_that_order_and_hold_other_characters(
    server18: Address, server15: Address, child: str, parent: str
) -> None:
    """A key that the parent's encoding cannot even express is an orphan and no error."""
    pair = Pair(server15, server18)
    pair.make_one(server15, pair.child_database, "orders", child)
    pair.make_one(server18, pair.parent_database, "users", parent)
    names = ["a", "z", "Ž", "Á", "ü", "ß", "é", "Č", "Ď", "čž"]
    common = [name for name in names if fits(name, parent)]
    assert len(common) < len(names) or parent != "WIN1252"
    pair.child("CREATE TABLE orders.line (a text); INSERT INTO orders.line VALUES " + rows_of(names))
    pair.parent("CREATE TABLE users.account (id text); INSERT INTO users.account VALUES " + rows_of(common[1:]))

    checked = pair.checked()

    assert checked.trouble is None
    assert sorted(pair.keys()) == sorted([("a",), *((name,) for name in names if name not in common)])
    pair.close()


def fits(text: str, encoding: str) -> bool:
    codec = {"LATIN2": "iso8859-2", "WIN1252": "cp1252", "UTF8": "utf-8"}[encoding]
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def rows_of(texts: list[str]) -> str:
    return ", ".join(f"('{text}')" for text in texts)


def test_an_encoding_that_says_nothing_is_refused(server18: Address) -> None:
    pair = Pair(server18, server18)
    pair.make_one(server18, pair.child_database, "orders", "SQL_ASCII")
    pair.make_one(server18, pair.parent_database, "users", "UTF8")
    pair.child("CREATE TABLE orders.line (a text)")
    pair.parent("CREATE TABLE users.account (id text)")
    (finding,) = pair.audit().findings
    assert (finding.code, "SQL_ASCII" in finding.detail) == ("reference_types_differ", True)
    pair.close()


def test_a_collation_that_calls_different_texts_equal_decides_at_the_parent(across: Callable[..., Pair]) -> None:
    pair = across(newer=True)
    pair.parent(
        "CREATE COLLATION public.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "CREATE TABLE users.account (id text COLLATE public.folded PRIMARY KEY);"
        "INSERT INTO users.account VALUES ('Anna'), ('BEN')"
    )
    pair.child(
        "CREATE TABLE orders.line (a text);"
        "INSERT INTO orders.line VALUES ('Anna'), ('anna'), ('ANNA'), ('ben'), ('carl'), ('Carl')"
    )

    checked = pair.checked()

    assert pair.keys() == [("Carl",), ("carl",)]
    assert checked.dismissed == 3


# the negative control
def test_a_form_that_depends_on_the_server_is_noticed(
    across: Callable[..., Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ordered by the collation of each column instead of by bytes, a stream is out of order, and the audit says so."""
    pair = across(newer=True)
    pair.parent(
        'CREATE TABLE users.account (id text COLLATE "und-x-icu"); INSERT INTO users.account VALUES '
        + rows_of(["a", "B", "c", "D"])
    )
    pair.child("CREATE TABLE orders.line (a text); INSERT INTO orders.line VALUES " + rows_of(["a", "B", "c", "D"]))
    assert codes(pair.audit()) == ["reference_target_not_unique"]
    naive = replace(texts.texts, written=lambda column, of: sql("({})::pg_catalog.text", column))
    monkeypatch.setattr(keys, "members", lambda: {"texts": naive})
    report = pair.audit()
    assert codes(report) == ["reference_not_checked"]
    assert "did not send its keys in order" in report.findings[0].title
