"""The proof in words and symbols, the same on a terminal and on the page."""

from __future__ import annotations

from freehold.prove.model import Report, Verdict

SYMBOLS = {Verdict.HELD: "✓", Verdict.BROKEN: "✗", Verdict.LIMIT: "~", Verdict.UNKNOWN: "?"}
MEANING = {
    Verdict.HELD: "held",
    Verdict.BROKEN: "broken: a violation",
    Verdict.LIMIT: "limit: this layout cannot prevent it",
    Verdict.UNKNOWN: "unknown: could not be tried",
}


def services(report: Report) -> tuple[str, ...]:
    """The services of the matrix, in order."""
    return tuple(sorted({cell.actor for cell in report.matrix}))


def headline(report: Report) -> str:
    """The result in one sentence, which claims no more than was seen."""
    took = f"{report.attempts:,} attempts in {report.duration_ms / 1000:.1f} s"
    if not report.passed:
        parts = [_count(len(report.violations), "violation")] if report.violations else []
        parts += [f"{len(report.unknown)} unknown"] if report.unknown else []
        parts += [f"{_count(len(report.unreachable), 'instance')} unreachable"] if report.unreachable else []
        return f"not proved: {', '.join(parts)}; {took}"
    if any(finding.code == "shared_login" for finding in report.limits):
        return f"layout {report.layout} isolates no service from another, as declared; nothing else is open; {took}"
    if report.limits:
        limits = _count(len(report.limits), "limit")
        return f"proved: nothing is open that layout {report.layout} can close, {limits} of it remain; {took}"
    return f"proved: every service is isolated; {took}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
