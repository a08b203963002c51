"""The proof for a terminal: rows of symbols and sentences, without colours, which the command line adds."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Report, Verdict

SYMBOLS = {Verdict.HELD: "✓", Verdict.BROKEN: "✗", Verdict.LIMIT: "~", Verdict.UNKNOWN: "?"}
ASCII = {Verdict.HELD: "+", Verdict.BROKEN: "X", Verdict.LIMIT: "~", Verdict.UNKNOWN: "?"}
MEANING = {
    Verdict.HELD: "held",
    Verdict.BROKEN: "broken: a violation",
    Verdict.LIMIT: "limit: this layout cannot prevent it",
    Verdict.UNKNOWN: "unknown: could not be tried",
}
STYLES = {Verdict.HELD: "green", Verdict.BROKEN: "bold red", Verdict.LIMIT: "yellow", Verdict.UNKNOWN: "magenta"}
OWN = "·"


def services(report: Report) -> tuple[str, ...]:
    """The services of the matrix, in order."""
    return tuple(sorted({cell.actor for cell in report.matrix}))


def matrix_rows(report: Report) -> Iterator[tuple[str, tuple[Verdict | None, ...]]]:
    """Each attacking service with its verdict against every service; None where it meets itself and all is well."""
    squares = {(cell.actor, cell.target): cell for cell in report.matrix}
    names = services(report)
    for actor in names:
        row: list[Verdict | None] = []
        for target in names:
            verdict = squares[(actor, target)].verdict
            row.append(None if actor == target and verdict is Verdict.HELD else verdict)
        yield actor, tuple(row)


def legend(ascii_only: bool = False) -> str:
    """What the symbols mean, on one line."""
    symbols = ASCII if ascii_only else SYMBOLS
    return "   ".join(f"{symbols[verdict]} {MEANING[verdict]}" for verdict in Verdict)


def headline(report: Report) -> str:
    """The result in one sentence."""
    took = f"{report.attempts:,} attempts in {report.duration_ms / 1000:.1f} s"
    if report.passed:
        rest = f", {len(report.limits)} limits of layout {report.layout}" if report.limits else ""
        return f"isolation proved: {took}, no violation{rest}"
    return f"not proved: {len(report.violations)} violations, {len(report.unknown)} unknown, in {took}"


def attack_rows(report: Report) -> Iterator[tuple[str, int, int, int, int]]:
    """(attack, held, broken, limit, unknown) of every attack that tried something."""
    for name, counts in report.by_attack.items():
        numbers = tuple(counts.get(verdict.value, 0) for verdict in Verdict)
        if any(numbers):
            yield (name, *numbers)  # type: ignore[misc]  # Verdict has exactly four members
