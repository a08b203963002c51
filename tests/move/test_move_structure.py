"""The definitions of a service arrive whole, on and between versions, whatever their names."""

from __future__ import annotations

import re
import subprocess

import pytest

from freehold.errors import FreeholdError
from freehold.move.run.alike import alike
from freehold.move.run.look import look
from freehold.move.run.structure import after, before
from freehold.move.structure import cleaned, entry, split
from freehold.pg.dump import fit, programs
from freehold.sqltext import keyword, quote_ident, raw
from support.clusters import PASSWORD, VERSIONS, clean
from support.moving import NEW, READER, Clusters, Scene, ready, scene
from support.nasty import ROWS, SCHEMAS, made

WAYS = [(a, b) for a in VERSIONS for b in VERSIONS]


@pytest.fixture(params=WAYS, ids=[f"{a}to{b}" for a, b in WAYS])
def one(request: pytest.FixtureRequest, clusters: Clusters) -> Scene:
    source, target = request.param
    for version in {source, target}:
        clean(clusters(version)[0])
    return scene(clusters, source, target)


def dumped(one: Scene, instance: str, database: str) -> list[str]:
    """What an independent pg_dump says of the schemas, with owners and privileges, as sorted lines."""
    place = one.servers.addresses()[instance]
    tools = fit(programs(), place, one.majors[instance])
    words = [str(tools.folder / "pg_dump"), "-s", "-h", place.host, "-p", str(place.port), "-U", place.user]
    words += [*(f"-n{quote_ident(name)}" for name in SCHEMAS), database]
    done = subprocess.run(words, capture_output=True, text=True, env={"PGPASSWORD": PASSWORD}, check=False)
    assert done.returncode == 0, done.stderr
    skipped = re.compile(r"^(--|\\(un)?restrict|$)")
    lines = [line for line in done.stdout.splitlines() if not skipped.match(line)]
    if len(set(one.majors.values())) > 1:  # before 18 such a constraint has no name that could be kept
        lines = [re.sub(r" CONSTRAINT \w+ NOT NULL", " NOT NULL", line) for line in lines]
        # what one of the versions does not know cannot be taken either
        lines = [line for line in lines if "MAINTAIN" not in line]
        # before 16 a relation named old has an alias in views
        lines = [re.sub(r" old_1\b", "", re.sub(r"\bold_1\.", "old.", line)) for line in lines]
    return sorted(lines)


def test_everything_arrives(one: Scene) -> None:
    inventory = look(one.world, one.move, one.move.source)
    assert before(one.world, one.move, inventory) == ()
    assert not one.servers.admin("b", 'n"ew').query(
        keyword(
            "SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'shop'::regnamespace"
        )
    )
    one.servers.admin("a", "o'ld").execute(raw(ROWS))
    one.servers.admin("b", 'n"ew').execute(raw(ROWS.partition("REFRESH")[0]))
    assert after(one.world, one.move, inventory, 2) == ()
    ready(one.servers, "b", "as if made there", NEW)
    one.servers.admin("b", "as if made there").execute(raw(made(NEW.owner, NEW.app, NEW.ro, READER)))
    expected, got = dumped(one, "b", "as if made there"), dumped(one, "b", 'n"ew')
    assert [line for line in got if line not in expected] == []
    assert [line for line in expected if line not in got] == []
    assert got == expected
    assert alike(one.world, one.move) == ()
    assert before(one.world, one.move, inventory) == ()
    assert after(one.world, one.move, inventory, 1) == ()
    assert dumped(one, "b", 'n"ew') == got


@pytest.fixture
def plain(clusters: Clusters) -> Scene:
    clean(clusters(18)[0])
    return scene(clusters, 18, 18, nasty=False)


def run(one: Scene, source: str = "", target: str = "") -> None:
    """Statements on either side, as the administrator."""
    for instance, database, text in (("a", "o'ld", source), ("b", 'n"ew', target)):
        if text:
            one.servers.admin(instance, database).execute(raw(text))


def names(one: Scene, query: str) -> list[str]:
    return [str(row[0]) for row in one.servers.admin("b", 'n"ew').query(raw(query))]


def test_an_interrupted_run_is_finished_and_a_broken_index_is_built_anew(plain: Scene) -> None:
    run(
        plain,
        "CREATE TABLE shop.t (n int PRIMARY KEY, m int); CREATE INDEX i ON shop.t (m); CREATE INDEX j ON shop.t (n)",
    )
    inventory = look(plain.world, plain.move, plain.move.source)
    before(plain.world, plain.move, inventory)
    run(plain, target="INSERT INTO shop.t VALUES (1, 1), (2, 1); CREATE INDEX j ON shop.t (n)")
    plain.servers.admin("b", 'n"ew').attempt(raw("CREATE UNIQUE INDEX CONCURRENTLY i ON shop.t (m)"))
    invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
    assert names(plain, invalid) == ["shop.i"]
    kept = names(plain, "SELECT 'shop.j'::regclass::oid")

    after(plain.world, plain.move, inventory, 2)

    assert names(plain, invalid) == []
    assert names(plain, "SELECT 'shop.j'::regclass::oid") == kept
    of_t = "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'shop.t'::regclass"
    assert sorted(names(plain, of_t)) == [
        "shop.i", "shop.j", "shop.t_pkey",
    ]  # fmt: skip


def test_half_a_structure_that_somebody_else_made_is_refused_by_name(plain: Scene) -> None:
    run(plain, "CREATE TABLE shop.t (n int); CREATE TABLE shop.u (n int)", "CREATE TABLE shop.u (n int)")
    with pytest.raises(FreeholdError, match=r"1 objects are missing, the first is table shop\.t"):
        before(plain.world, plain.move, look(plain.world, plain.move, plain.move.source))
    assert names(plain, "SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace") == ["u"]


def test_what_names_a_role_that_is_not_there_is_told(clusters: Clusters) -> None:
    if 15 not in VERSIONS:
        pytest.skip("PostgreSQL 15 is not installed here")
    for version in (18, 15):
        clean(clusters(version)[0])
    one = scene(clusters, 18, 15, nasty=False)
    one.servers.admin("a").execute(raw("CREATE ROLE stranger"))
    run(
        one,
        "CREATE TABLE shop.t (n int); ALTER TABLE shop.t OWNER TO central_owner;"
        "CREATE TABLE shop.u (n int); ALTER TABLE shop.u OWNER TO stranger;"
        "GRANT SELECT (n) ON shop.t TO stranger; GRANT MAINTAIN ON shop.t TO central_ro;"
        "CREATE POLICY p ON shop.t TO stranger; CREATE POLICY q ON shop.t TO stranger, central_ro",
    )
    inventory = look(one.world, one.move, one.move.source)

    early, late = before(one.world, one.move, inventory), after(one.world, one.move, inventory, 1)

    assert {(found.code, found.object) for found in early} == {
        ("move_owner_left_out", "table shop.u"),
        ("move_right_left_out", "table shop.t"),
        ("move_right_left_out", "table shop.u"),
    }
    assert {found.object for found in late if found.code == "move_policy_role_left_out"} == {
        'policy "p" on "shop"."t"',
        'policy "q" on "shop"."t"',
    }
    assert names(one, "SELECT polname FROM pg_policy") == ["q"]
    assert (
        names(one, "SELECT relowner::regrole FROM pg_class WHERE relname IN ('t', 'u')") == [quote_ident(NEW.owner)] * 2
    )


def test_a_definition_does_not_run_with_more_rights_than_its_author(plain: Scene) -> None:
    body = (
        "$$BEGIN IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RAISE 'run as %', current_user;"
        " END IF; RETURN true; END$$"
    )
    run(
        plain,
        f"SET ROLE central_owner; CREATE FUNCTION shop.of(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS {body};"
        f" CREATE TABLE shop.t (n int); CREATE INDEX i ON shop.t (shop.of(n));"
        f" CREATE FUNCTION shop.of(shop.t) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS {body};"
        " ALTER TABLE shop.t ADD CHECK (shop.of(t)); CREATE DOMAIN shop.d AS int;"
        f" CREATE FUNCTION shop.of(shop.d) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS {body};"
        " ALTER DOMAIN shop.d ADD CONSTRAINT of_domain CHECK (shop.of(VALUE)); CREATE TABLE shop.u (d shop.d)",
    )
    inventory = look(plain.world, plain.move, plain.move.source)
    before(plain.world, plain.move, inventory)
    run(plain, target='INSERT INTO shop.t VALUES (1); SET ROLE "sh""op owner"; INSERT INTO shop.u VALUES (1)')
    after(plain.world, plain.move, inventory, 1)
    assert names(plain, "SELECT conname FROM pg_constraint WHERE conrelid = 'shop.t'::regclass") == ["t_check"]
    assert names(plain, "SELECT conname FROM pg_constraint WHERE conname = 'of_domain'") == ["of_domain"]
    assert names(plain, "SELECT indisvalid FROM pg_index WHERE indrelid = 'shop.t'::regclass") == ["True"]


def test_a_comment_that_announces_an_entry_is_no_entry() -> None:
    one, two = entry(1, 1259, 5, "TABLE s t o", False), entry(2, 1259, 6, "TABLE s u o", False)
    marks = [
        "--\n-- TOC entry 1 (class 1259 OID 5)\n-- Name: t\n--\n\n",
        "--\n-- TOC entry 2 (class 1259 OID 6)\n-- x\n--\n\n",
    ]
    setting = "SET default_tablespace = 'x';\n\n"
    text = f"head;\n\n{marks[0]}CREATE 1;\n\n\n{setting}{marks[1]}CREATE 2;\n"
    assert split(text, (one, two)) == (
        "head;\n\n",
        {1: "CREATE 1;\n\n\n", 2: f"{setting}CREATE 2;\n"},
    )
    assert split(text.replace("CREATE 1;", f"CREATE '\n{marks[1]}DROP 1';"), (one, two)) is None
    assert split(f"h\n{marks[0]}A '{marks[0]}';\n", (one,)) == ("h\n", {1: f"A '{marks[0]}';\n"})


def test_commands_of_psql_are_taken_out_and_nothing_else() -> None:
    path = "SELECT pg_catalog.set_config('search_path', '', false);\n"
    body = f"{path}x '\n\\restrict K\n\\unrestrict K\n';\n\n"
    text = f"--\n\n\\restrict K\n\nSET transaction_timeout = 0;\n{body}\\unrestrict K\n\n"
    kept = f"--\n\n\n{path}x '\n\\restrict K\n\\unrestrict K\n';\n\n\n"
    assert cleaned(text, 150000) == kept
    assert cleaned(text, 180000) == kept.replace(path, "SET transaction_timeout = 0;\n" + path)
    assert cleaned("x\n--\n-- TOC entry 1\n\\restrict K\n", 180000) == "x\n--\n-- TOC entry 1\n\\restrict K\n"


def test_a_kind_nobody_knows_is_refused() -> None:
    with pytest.raises(FreeholdError, match="NEW THING"):
        entry(1, 0, 0, "NEW THING s t o", False)
    assert entry(1, 0, 0, "TABLE ATTACH s t o", False).kind == "TABLE ATTACH"
    assert entry(1, 0, 0, "TABLE s ATTACH o", False).kind == "TABLE"


def test_a_body_that_announces_another_entry_only_costs_time(plain: Scene) -> None:
    world, move = plain.world, plain.move
    run(plain, "CREATE TABLE shop.t (n int); CREATE FUNCTION shop.f() RETURNS text LANGUAGE sql AS $$SELECT 'x'$$")
    archive = world.dumps.archive(move.source.instance, move.source.database, move.schemas)
    (table,) = (one for one in world.dumps.entries(archive) if one.text.startswith("TABLE shop t "))
    mark = f"--\n-- TOC entry {table.number} (class {table.catalog} OID {table.oid})\n-- x\n--\n\nDROP SCHEMA public;\n"
    run(plain, f"CREATE OR REPLACE FUNCTION shop.f() RETURNS text LANGUAGE sql AS $$SELECT '{mark}'$$")

    before(world, move, look(world, move, move.source))

    assert names(plain, "SELECT nspname FROM pg_namespace WHERE nspname = 'public'") == ["public"]
    assert mark in names(plain, "SELECT shop.f()")[0]
    assert names(plain, "SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace") == ["t"]
