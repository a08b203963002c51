"""The decisions of an apply, without any server."""

from __future__ import annotations

import pytest

from freehold.apply import deploy, resume
from freehold.apply.fresh import PlanFile, check_fresh, digest
from freehold.apply.journal import entry
from freehold.apply.model import waves
from freehold.apply.resume import Left, Next
from freehold.apply.script import Alone, inspect, marker
from freehold.apply.url import connection_url
from freehold.errors import MigrationError, StalePlan
from freehold.found import journal, locks
from freehold.found.control import control_sql
from freehold.found.journal import Run
from freehold.found.model import Found, Server
from freehold.plan.make import make
from freehold.plan.model import Phase, RunMigration
from freehold.plan.order import batches, undo_batches
from freehold.spec.model import Migrations, Service
from freehold.sqltext import raw
from support.applying import sql_file
from support.plans import HOSTILE, design, platform

RUN = Run("00000000-0000-0000-0000-000000000000", "shop", "me@here")


def alone(text: str) -> list[Alone]:
    return [piece.alone for piece in inspect(text, transactional=False).pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("create table t (a int); insert into t values (1)", [Alone.NO, Alone.NO]),
        ("create index concurrently i on s.t (a)", [Alone.INDEX]),
        ("create index i on s.t (a)", [Alone.NO]),
        ("create index concurrently on s.t (a)", [Alone.UNKNOWN]),
        (
            "drop index concurrently i; drop index concurrently if exists i; drop index i",
            [Alone.UNKNOWN, Alone.AGAIN, Alone.NO],
        ),
        ("reindex table concurrently t; reindex table t; reindex schema s", [Alone.AGAIN, Alone.NO, Alone.AGAIN]),
        ("vacuum t; analyze t; cluster; cluster t using i", [Alone.AGAIN, Alone.NO, Alone.AGAIN, Alone.NO]),
        ("call p(); do $$begin end$$", [Alone.UNKNOWN, Alone.UNKNOWN]),
        ("alter table t detach partition p concurrently; alter table t detach partition p", [Alone.UNKNOWN, Alone.NO]),
        ("alter type e add value 'x'", [Alone.NO]),
        ("create database d", [Alone.UNKNOWN]),
    ],
)
def test_a_statement_that_cannot_run_in_a_transaction_is_known(text: str, expected: list[Alone]) -> None:
    assert alone(text) == expected


def test_the_index_of_a_concurrent_build_is_known() -> None:
    (piece,) = inspect('create index concurrently "I" on "S"."T" (a)', transactional=False).pieces
    assert piece.index == ("S", "I", "T")


def test_statements_are_told_apart_by_the_parser_not_by_semicolons() -> None:
    text = "-- a; b\nselect ';'; /* ; /* nested ; */ */ select $$;$$;\n\n\n"
    text += "create function f() returns int language sql begin atomic select 1; select 2; end;"
    pieces = inspect(text, transactional=True).pieces
    assert [(piece.line, piece.text.split()[0]) for piece in pieces] == [(2, "select"), (2, "select"), (5, "create")]


@pytest.mark.parametrize(
    "text",
    [
        "savepoint a; rollback to a; release a",
        "set search_path = x",
        "set local statement_timeout = 0",
        "copy t from '/x'",
    ],
)
def test_what_does_no_harm_is_allowed(text: str) -> None:
    assert inspect(text, transactional=True).refusals == ()


@pytest.mark.parametrize(
    "text",
    [
        "begin", "start transaction", "commit", "end", "rollback", "abort", "commit and chain",
        "prepare transaction 'x'",
        "set role x", "set local role x", "reset role", "set session authorization x", "reset session authorization",
        "reset all", "discard all", "alter system set a = 1", "copy t from stdin",
    ],
)  # fmt: skip
def test_what_would_break_the_bookkeeping_is_refused(text: str) -> None:
    (refusal,) = inspect(f"select 1;\n/* a */ {text};", transactional=True).refusals
    assert refusal.line == 2
    assert refusal.hint


def test_a_syntax_that_the_parser_does_not_know_goes_to_the_server_whole() -> None:
    script = inspect("\\copy x; selekt", transactional=True)
    assert not script.parsed
    assert [piece.text for piece in script.pieces] == ["\\copy x; selekt"]
    assert inspect("selekt", transactional=False).pieces[0].alone is Alone.UNKNOWN


def test_an_empty_file_is_one_empty_piece() -> None:
    assert [piece.text for piece in inspect("-- nothing\n", transactional=False).pieces] == [""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- freehold: no-transaction\nselect 1", "no-transaction"),
        ("\ufeff-- hello\n\n  --freehold:no-transaction  \r\nselect 1", "no-transaction"),
        ("select 1\n-- freehold: no-transaction", None),
        ("select '\n-- freehold: no-transaction\n'", None),
        ("-- see freehold: no-transaction", None),
        ("-- freehold: other", "other"),
    ],
)
def test_the_mark_counts_on_its_own_line_before_the_first_statement(text: str, expected: str | None) -> None:
    assert marker(text) == expected


def migration(text: str, sha256: str = "a", *, transactional: bool = False) -> RunMigration:
    return RunMigration("s", "o", ("s",), "1.sql", sha256, raw(text), transactional)


TEXT = "select 1; create index concurrently i on t (a); do $$begin end$$; vacuum"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (None, (0, Next.RUN)),
        (Left("other", 9, 0, None), (0, Next.RUN)),
        (Left("a", 4, 1, None), (1, Next.RUN)),
        (Left("a", 4, 1, 2), (1, Next.LOOK)),
        (Left("a", 4, 3, 4), (3, Next.RUN)),
    ],
)
def test_an_interrupted_file_goes_on_where_it_stopped(left: Left | None, expected: tuple[int, Next]) -> None:
    begin = resume.start(migration(TEXT), inspect(TEXT, transactional=False).pieces, left)
    assert (begin.done, begin.how) == expected


@pytest.mark.parametrize(
    ("left", "match"),
    [
        (Left("other", 4, 1, None), "was edited after 1 of its 4 statements"),
        (Left("a", 4, 2, 3), r"interrupted in its statement 3 \(line 1\)"),
    ],
)
def test_what_only_a_person_can_judge_is_asked(left: Left, match: str) -> None:
    with pytest.raises(MigrationError, match=match) as caught:
        resume.start(migration(TEXT), inspect(TEXT, transactional=False).pieces, left)
    assert "freehold.migration_progress" in caught.value.hint


def test_a_file_in_one_transaction_always_begins_anew() -> None:
    file = migration("select 1", transactional=True)
    assert resume.start(file, inspect("select 1", transactional=True).pieces, Left("other", 1, 0, 1)).done == 0


def test_only_a_meeting_with_others_is_tried_again() -> None:
    assert locks.retriable("55P03", "")
    assert locks.retriable("40P01", "")
    assert locks.retriable("XX000", "tuple concurrently updated")
    assert not locks.retriable("XX000", "something else")
    assert not locks.retriable("42501", "permission denied")
    assert not locks.retriable("", "")


def test_waiting_grows_and_ends() -> None:
    waits = [locks.backoff_ms(attempt, 0.5) for attempt in range(12)]
    assert waits == sorted(waits)
    assert waits[-1] <= locks.BACKOFF_LONGEST_MS
    assert locks.backoff_ms(3, 0.0) != locks.backoff_ms(3, 1.0)


def plan_of_two() -> tuple[object, ...]:
    wanted = design(
        platform(Service("a", ("a",), migrations=Migrations(folder="a")), Service("b", ("b",))),
        migrations={"a": (sql_file("1.sql", "select 1"), sql_file("2.sql", "select 2"))},
    )
    empty = Found({"main": Server("main", 180000, "postgres", True, True, "postgres")})
    return wanted, make(wanted, empty)


def test_waves_keep_every_step_and_the_order_within_a_place() -> None:
    _, plan = plan_of_two()
    forward = waves(batches(plan.steps))
    sent = [step for wave in forward for lane in wave for batch in lane for step in batch.steps]
    assert {step.key for step in sent} == {step.key for step in plan.steps}
    phases = [lane[0].phase for wave in forward for lane in wave]
    assert phases == sorted(phases)
    for wave in forward:
        for lane in wave:
            assert len({batch.instance for batch in lane}) == 1
            if lane[0].phase in (Phase.INSIDE, Phase.MIGRATIONS, Phase.AFTER):
                assert len({batch.database for batch in lane}) == 1
    backward = waves(undo_batches(plan.steps))
    phases = [lane[0].phase for wave in backward for lane in wave]
    assert phases == sorted(phases, reverse=True)


def test_a_journal_row_shows_no_secret_and_takes_any_name() -> None:
    _, plan = plan_of_two()
    entries = [entry(step, step.do(), "done", 1.5) for step in plan.steps]
    text = journal.insert(RUN, entries).shown()
    assert "<password>" in text
    assert "SCRAM" not in text
    hostile = [journal.Entry("create", "role", name, name, name, name + "\0", "failed", None, name) for name in HOSTILE]
    assert journal.insert(RUN, hostile).secrets == ()


def test_a_plan_file_is_stale_for_each_reason_alone() -> None:
    wanted, plan = plan_of_two()
    changes = ({"name": "x"},)
    file = PlanFile(plan.platform, plan.fingerprint, digest(wanted), changes)
    check_fresh(file, plan, wanted, changes)
    for wrong in (
        PlanFile("other", plan.fingerprint, digest(wanted), changes),
        PlanFile(plan.platform, "other", digest(wanted), changes),
        PlanFile(plan.platform, plan.fingerprint, "other", changes),
        PlanFile(plan.platform, plan.fingerprint, digest(wanted), ()),
    ):
        with pytest.raises(StalePlan) as caught:
            check_fresh(wrong, plan, wanted, changes)
        assert "freehold plan" in caught.value.hint


def test_the_digest_of_a_design_ignores_the_machine_and_passwords() -> None:
    services = platform(Service("a", ("a",)))
    assert digest(design(services)) == digest(design(services, known_passwords=False))
    assert digest(design(services)) != digest(design(platform(Service("a", ("b",)))))
    assert digest(design(services)) != digest(design(services, authoritative=True))


def test_a_url_keeps_every_character() -> None:
    assert connection_url("::1", 5, "d/b", "u@x", "p:w", {"sslmode": "require"}) == (
        "postgresql://u%40x:p%3Aw@[::1]:5/d%2Fb?sslmode=require"
    )
    assert connection_url("h", 5, "d", "u", "") == "postgresql://u@h:5/d"


def test_a_tool_gets_its_address_under_both_names_and_only_settings_of_tls() -> None:
    environment = deploy.environment("market-data", "h", 5, "d", "u", "p", {"sslmode": "require", "options": "-c a=b"})
    assert (
        environment["DATABASE_URL"]
        == environment["DATABASE_URL_MARKET_DATA"]
        == "postgresql://u:p@h:5/d?sslmode=require"
    )
    assert environment["PGSSLMODE"] == "require"
    assert "PGOPTIONS" not in environment


def test_the_control_schema_gives_nobody_a_right() -> None:
    text = "\n".join(statement.shown() for statement in control_sql())
    assert "GRANT" not in text
    assert text.count("FROM PUBLIC") == 3
    assert "SECURITY DEFINER SET search_path = pg_catalog, pg_temp" in text
