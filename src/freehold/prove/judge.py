"""From what the server answered to what it shows: refused means held, and whatever is not understood is unknown."""

from __future__ import annotations

import re

from freehold.finding import Evidence, Finding, Level
from freehold.prove.asking import Answer
from freehold.prove.model import Login, Result, Verdict
from freehold.sqltext import Sql, quote_ident

REFUSALS = frozenset(
    {
        "42501",  # insufficient_privilege: the privilege check itself
        "28000",  # invalid_authorization_specification: no pg_hba.conf line, no such role, not permitted to log in
        "28P01",  # invalid_password
        "3D000",  # invalid_catalog_name: no such database
        "2F003",  # prohibited: dblink and postgres_fdw without a password
        "0LP01",  # invalid_grant_operation
    }
)
"""SQLSTATE codes that say that the server refused. Everything else that is not success is unknown."""


WHERE = "-- in database "
"""How a remedy says where it is to be run."""


def in_database(database: str, remedy: str) -> str:
    """A remedy with the database it belongs to, as a comment of psql."""
    return f"{WHERE}{quote_ident(database)}\n{remedy}" if remedy else ""


def refused(answer: Answer) -> bool:
    """Whether the server refused, for a reason that protects."""
    return answer.sqlstate in REFUSALS


def verdict(answer: Answer, *, opened: frozenset[str] = frozenset(), closed: frozenset[str] = frozenset()) -> Verdict:
    """What one answer to a hostile statement shows.

    ``opened`` are further codes that can only come after the privilege check was passed (2BP01: dependent objects);
    ``closed`` are further codes that say nobody could have done this, whatever their rights (55000: a view that
    cannot be written).
    """
    if answer.ok or answer.sqlstate in opened:
        return Verdict.BROKEN
    if refused(answer) or answer.sqlstate in closed:
        return Verdict.HELD
    return Verdict.UNKNOWN


def said(answer: Answer) -> str:
    """The answer in a few words, for evidence."""
    if answer.ok:
        shown = "; ".join(", ".join("NULL" if v is None else v for v in row) for row in answer.rows[:3])
        return f"succeeded: {shown[:200]}" if shown else "succeeded"
    return f"{answer.sqlstate}: {answer.message}"[:300]


def evidence(login: Login, instance: str, database: str, statement: Sql | str, answer: Answer) -> Evidence:
    """What was run, as whom, where, and what came back."""
    return Evidence(
        f'{statement}\n-- as "{login.role}" in database "{database}" of instance "{instance}": {said(answer)}'
    )


def turned_away(answer: Answer) -> bool:
    """Whether a pool refused a client. PgBouncer gives most refusals one code, 08P01, so its words are read too."""
    return refused(answer) or (
        answer.sqlstate in ("08P01", "08001", "08006") and bool(_AT_A_POOL.search(answer.message))
    )


_AT_A_POOL = re.compile(
    r"authentication failed|auth failed|no such (user|database)|not allowed"
    r"|permission denied for database|no pg_hba\.conf entry|pg_hba\.conf rejects"
)


def held(login: Login | None, target: str = "", attempts: int = 1) -> Result:
    """An attempt that was refused."""
    return Result(Verdict.HELD, login.service if login else "", target, attempts=attempts)


def broken(
    code: str,
    login: Login | None,
    target: str,
    thing: str,
    title: str,
    detail: str,
    *,
    evidence: tuple[Evidence, ...] = (),
    remedy: str = "",
    group: str = "",
    verdict: Verdict = Verdict.BROKEN,
) -> Result:
    """An attempt that succeeded, with everything a person needs to see it and to end it."""
    finding = Finding(code, Level.ERROR, target, thing, title, detail, evidence, remedy)
    return Result(verdict, login.service if login else "", target, finding, group=group)


def limit(
    code: str,
    login: Login | None,
    target: str,
    thing: str,
    title: str,
    detail: str,
    prevented_by: tuple[str, ...],
    *,
    evidence: tuple[Evidence, ...] = (),
    remedy: str = "",
    group: str = "",
) -> Result:
    """Something that leaked and that this layout cannot prevent; names the layouts that can."""
    which = " or ".join(f'"{name}"' for name in prevented_by)
    ending = f"The layout {which} prevents it." if prevented_by else "No layout prevents it."
    finding = Finding(code, Level.INFO, target, thing, title, f"{detail} {ending}", evidence, remedy)
    return Result(Verdict.LIMIT, login.service if login else "", target, finding, group=group or f"{code}:{thing}")


def unknown(code: str, login: Login | None, target: str, thing: str, answer: Answer, *, why: str = "") -> Result:
    """An attempt that neither succeeded nor was refused; never counted as held."""
    state = answer.sqlstate or "no error"
    finding = Finding(
        code,
        Level.WARNING,
        target,
        thing,
        f"could not be tried: {answer.message or why or state}"[:200],
        why or f"The server answered {state}, which is neither success nor a refusal.",
        (Evidence(said(answer)),),
        "Remove the cause named above and run `freehold prove` again.",
    )
    return Result(
        Verdict.UNKNOWN, login.service if login else "", target, finding, group=f"{code}:{state}:{answer.message[:60]}"
    )
