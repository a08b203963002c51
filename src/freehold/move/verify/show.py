"""A report as a document for programs, and as the lines that a person reads."""

from __future__ import annotations

from datetime import datetime

from freehold.move.verify.model import Mismatch, Mode, Report
from freehold.move.verify.rounds import chance
from freehold.spec.model import TableName

_SAMPLED = (1, 10, 100, 1_000)


def verified(report: Report) -> dict[str, object]:
    """What a move's status says of its last verification."""
    return {"mode": report.mode.value, "rows": report.rows, "mismatches": report.mismatches}


def document(report: Report) -> dict[str, object]:
    """Everything; ``verified`` as in the status of a move."""
    return {
        "verified": verified(report),
        "equal": report.equal,
        "home": {"instance": report.home.instance, "database": report.home.database},
        "fed": {"instance": report.fed.instance, "database": report.fed.database},
        "method": report.method,
        "rounds": report.rounds,
        "chunks": report.chunks,
        "unsettled": report.unsettled,
        "healed": report.healed,
        "repaired": report.repaired,
        "coverage": report.coverage,
        "blocked_ms": report.blocked_ms,
        "duration_ms": report.duration_ms,
        "finished_at": report.finished_at,
        "tables": [
            {
                "schema": one.table.schema,
                "table": one.table.table,
                "rows": one.rows,
                "mismatches": one.mismatches,
                "listed": [{"kind": m.kind.value, "key": dict(m.key), "columns": list(m.columns)} for m in one.listed],
            }
            for one in report.tables
        ],
        "sequences": [
            {"schema": one.name.schema, "name": one.name.table, "home": one.home, "fed": one.fed}
            for one in report.sequences
        ],
    }


def age_s(report: Report, now_iso: str) -> float:
    """Seconds since it ended."""
    return (_moment(now_iso) - _moment(report.finished_at)).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def lines(report: Report) -> tuple[str, ...]:
    """What was compared, what differs, and what may not be concluded."""
    rate = report.rows / max(report.duration_ms / 1000, 0.001)
    took = f"{report.duration_ms / 1000:.1f} s, {report.rounds} rounds, {rate:,.0f} rows/s"
    found: list[str] = []
    match report.mode:
        case Mode.FULL:
            found.append(f"{report.rows:,} rows compared, all of them ({took})")
        case Mode.SAMPLE:
            found.append(f"{report.rows:,} rows compared, a sample of {report.coverage:.1%} ({took})")
            seen = ", ".join(f"{rows:,}: {chance(report.coverage, rows):.0%}" for rows in _SAMPLED)
            found.append(f"  how likely it sees damaged rows, by how many there are: {seen}")
        case Mode.COUNTS:
            found.append(f"{report.rows:,} rows counted ({took}); not a proof: contents were not compared")
    if report.blocked_ms:
        found.append(f"  the tables were locked for at most {report.blocked_ms:.0f} ms")
    if report.repaired:
        found.append(f"  {report.repaired:,} rows were rewritten from the home")
    for table in report.tables:
        if table.mismatches:
            found.append(f"  {shown(table.table)}: {table.mismatches:,} rows differ")
            found += [f"    {_row(one)}" for one in table.listed]
            more = table.mismatches - len(table.listed)
            found += [f"    and {more:,} more"] if more > 0 and table.listed else []
    if report.unsettled:
        found.append(f"  {report.unsettled:,} rows were written at every attempt to compare them: nothing is known")
    if report.sequences:
        found.append(f"  {len(report.sequences):,} sequences stand elsewhere; a cutover sets them")
    found.append(_verdict(report))
    return tuple(found)


def _verdict(report: Report) -> str:
    if not report.equal:
        return "NOT EQUAL" if report.mismatches else "UNKNOWN"
    return {Mode.FULL: "equal", Mode.SAMPLE: "equal in the sample", Mode.COUNTS: "equally many"}[report.mode]


def _row(one: Mismatch) -> str:
    key = ", ".join(f"{name} = {value}" for name, value in one.key)
    return f"{one.kind.value} {key}".rstrip() + (f" ({', '.join(one.columns)})" if one.columns else "")


def shown(name: TableName) -> str:
    return f"{name.schema}.{name.table}"
