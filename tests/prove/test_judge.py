"""Answers become verdicts: a refusal is held, success is broken, and everything else is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.finding import Finding, Level
from freehold.prove import matrix, text, trace, volleytext
from freehold.prove.asking import Answer, Batch
from freehold.prove.attacks.security_definer_hijack import pinned
from freehold.prove.judge import in_database, refused, verdict
from freehold.prove.model import Cell, Report, Result, Verdict
from freehold.prove.page import html
from freehold.prove.scene import path_names
from freehold.spec.model import Ignore
from freehold.sqltext import sql


def finding(thing: str = "table t", code: str = "read_tables", service: str = "users", remedy: str = "") -> Finding:
    return Finding(code, Level.ERROR, service, thing, f"can read {thing}", "Because.", (), remedy)


def result(verdict: Verdict, thing: str = "", group: str = "", actor: str = "feed", **more: str) -> Result:
    return Result(verdict, actor, "users", finding(thing, **more) if thing else None, group=group)


@pytest.mark.parametrize("state", ["42501", "28000", "28P01", "3D000", "2F003", "0LP01"])
def test_a_refusal_is_held(state: str) -> None:
    assert verdict(Answer(sqlstate=state)) is Verdict.HELD
    assert refused(Answer(sqlstate=state))


@pytest.mark.parametrize("state", ["08006", "08001", "57014", "55P03", "53300", "42P01", "XX000", "42601", "58P01"])
def test_what_is_not_understood_is_unknown_and_never_held(state: str) -> None:
    assert verdict(Answer(sqlstate=state)) is Verdict.UNKNOWN


def test_success_is_broken_and_so_is_an_error_that_comes_after_the_privilege_check() -> None:
    assert verdict(Answer()) is Verdict.BROKEN
    assert verdict(Answer(sqlstate="2BP01"), opened=frozenset({"2BP01"})) is Verdict.BROKEN
    assert verdict(Answer(sqlstate="55000"), closed=frozenset({"55000"})) is Verdict.HELD


def test_a_square_shows_the_worst_of_its_attempts() -> None:
    results = [result(Verdict.HELD), result(Verdict.LIMIT, "a"), result(Verdict.UNKNOWN, "b"), result(Verdict.HELD)]

    assert matrix.cells(["feed", "users"], results)[1] == Cell(
        "feed", "users", Verdict.UNKNOWN, 4, ("read_tables:users:a", "read_tables:users:b")
    )
    assert matrix.cells(["feed", "users"], [*results, result(Verdict.BROKEN, "c")])[1].verdict is Verdict.BROKEN
    assert matrix.worst([]) is Verdict.HELD


def test_one_cause_is_one_finding_with_every_remedy_and_no_more_than_a_few_names() -> None:
    results = [
        result(Verdict.BROKEN, f"table t{n:03}", "PUBLIC", remedy=in_database("d", f"REVOKE {n};")) for n in range(500)
    ]
    (one,) = matrix.findings(results)[Verdict.BROKEN]

    assert one.object == "table t000 and 499 more"
    assert one.remedy.splitlines()[0] == '-- in database "d"'
    assert one.remedy.count("REVOKE") == 500
    assert "and 480 more" in one.detail
    assert len(one.detail) < 600


def test_two_causes_are_two_findings() -> None:
    results = [result(Verdict.BROKEN, "table t", "PUBLIC"), result(Verdict.BROKEN, "table t", "member")]

    assert len(matrix.findings(results)[Verdict.BROKEN]) == 2


def test_remedies_of_two_databases_each_say_where() -> None:
    results = [
        result(Verdict.BROKEN, "t", "g", remedy=in_database(database, "REVOKE 1;\nREVOKE 2;")) for database in "aba"
    ]
    (one,) = matrix.findings(results)[Verdict.BROKEN]

    assert one.remedy.splitlines() == [
        '-- in database "a"', "REVOKE 1;", "REVOKE 2;", '-- in database "b"', "REVOKE 1;", "REVOKE 2;",
    ]  # fmt: skip


def test_the_order_of_results_does_not_matter() -> None:
    results = [result(Verdict.BROKEN, f"table {n}", f"g{n % 3}") for n in range(9)]

    assert [f.key for f in matrix.findings(results)[Verdict.BROKEN]] == [
        f.key for f in matrix.findings(list(reversed(results)))[Verdict.BROKEN]
    ]


def test_an_accepted_finding_comes_back_when_its_day_is_past() -> None:
    some = (finding(),)
    key = some[0].key

    assert matrix.split_ignored(some, (Ignore(key, "why", "2026-11-20"),), "2026-11-20T10:00:00") == ((), some)
    assert matrix.split_ignored(some, (Ignore(key, "why", "2026-11-19"),), "2026-11-20T10:00:00") == (some, ())
    assert matrix.split_ignored(some, (Ignore(key, "why"),), "2099-01-01") == ((), some)
    assert matrix.split_ignored(some, (Ignore("other", "why"),), "2026-11-20") == (some, ())


def test_a_block_of_statements_answers_for_each_of_them() -> None:
    answer = Answer(rows=(('[[2,"FH000","vtoken"],[3,"55P03","locked"],[4,"FH000","n"]]',),))

    assert volleytext.read(answer, 4) == (
        Answer(sqlstate="42501", message="permission denied"),
        Answer(rows=(("token",),)),
        Answer(sqlstate="55P03", message="locked"),
        Answer(rows=((None,),)),
    )
    assert volleytext.read(Answer(sqlstate="57014"), 4) is None
    assert volleytext.read(Answer(), 4) is None


def test_a_block_is_cut_before_it_grows_too_long_and_loses_nothing() -> None:
    batches = [Batch.of([sql("SELECT {}", n)] * 150) for n in range(7)]
    chunks = list(volleytext.chunks(batches))

    assert [batch for chunk in chunks for batch in chunk] == batches
    assert max(sum(len(b.statements) for b in chunk) for chunk in chunks) <= volleytext.STATEMENTS_MAX


@pytest.mark.parametrize(
    ("config", "safe"),
    [
        (("search_path=pg_catalog, s, pg_temp",), True),
        (('search_path=s, "pg_temp"',), True),
        (("search_path=s",), False),
        (("search_path=pg_temp, s",), False),
        ((), False),
        (("work_mem=1MB",), False),
    ],
)
def test_a_pinned_search_path_ends_in_pg_temp(config: tuple[str, ...], safe: bool) -> None:
    assert pinned(config) is safe


def test_a_search_path_is_read_as_names() -> None:
    assert path_names('feed, "we""ird, x", "$user", pg_temp') == ("feed", 'we"ird, x', "$user", "pg_temp")


def test_a_changed_row_count_is_told() -> None:
    assert trace.differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "1"}) == ("b: 2 -> 3", "c: None -> 1")
    assert trace.differences({"a": "1"}, {"a": "1"}) == ()


def report(count: int = 2, violations: tuple[Finding, ...] = ()) -> Report:
    services = [f"service-{n:02}" for n in range(count)]
    return Report(
        platform="<b>shop</b>",
        layout="schema-per-service",
        attempts=12345,
        violations=violations,
        limits=(),
        unknown=(),
        matrix=matrix.cells(services, [Result(Verdict.LIMIT, services[0], services[1], finding("x"))]),
        by_attack={"read_tables": {"held": 5, "broken": 0, "limit": 1, "unknown": 0}},
        versions={"main": 180006},
        duration_ms=1234,
    )


def test_the_page_is_one_file_that_asks_nothing_of_anybody() -> None:
    page = html(report(50, (finding("<img src=x onerror=1>", remedy="REVOKE <x>"),)))

    assert "<img" not in page
    assert "&lt;b&gt;shop" in page
    assert not [word for word in ("<script", "http://", "https://", "url(", "@import", "<link") if word in page]
    assert page.count("<rect") == 2500
    assert all(symbol in page for symbol in text.SYMBOLS.values())
    assert "prefers-color-scheme: dark" in page
    assert "12,345" in page
    assert "PostgreSQL 18.6" in page


def test_every_verdict_has_a_symbol_and_a_meaning() -> None:
    assert set(text.SYMBOLS) == set(text.MEANING) == set(Verdict)


def test_the_headline_claims_no_more_than_was_seen() -> None:
    leaks = replace(finding(), code="listen_notify")
    shared = replace(finding(), code="shared_login")

    assert text.headline(report()).startswith("proved: every service is isolated; 12,345 attempts")
    assert text.headline(replace(report(), limits=(leaks,))).startswith("proved: nothing is open that layout")
    assert "isolates no service from another" in text.headline(replace(report(), limits=(leaks, shared)))
    assert text.headline(report(violations=(finding(),))).startswith("not proved: 1 violation; ")
    assert text.headline(replace(report(), unknown=(finding(),))).startswith("not proved: 1 unknown; ")
