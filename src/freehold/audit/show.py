"""An audit of references as JSON: the keys that other programs rely on."""

from __future__ import annotations

from freehold.audit.model import Checked, End, Orphan, Report, State
from freehold.finding import JsonObject


def as_json(report: Report) -> JsonObject:
    """The report, one entry for each reference."""
    return {
        "platform": report.platform,
        "layout": report.layout,
        "checked": len(report.references) - report.count(State.NOT_CHECKED) - report.count(State.WRONG),
        "not_checked": report.count(State.NOT_CHECKED),
        "orphans": report.orphans,
        "references": [_reference(one) for one in report.references],
        "findings": [finding.as_json() for finding in report.findings],
        "ignored": [finding.as_json() for finding in report.ignored],
        "duration_ms": round(report.duration_ms, 1),
    }


def line(checked_child: End, orphan: Orphan) -> JsonObject:
    """One orphan for a file of lines of JSON."""
    return {
        "service": checked_child.service,
        "table": _table(checked_child),
        "key": dict(zip(checked_child.columns, orphan.key, strict=True)),
        "rows": orphan.rows,
    }


def _reference(one: Checked) -> JsonObject:
    return {
        "from": _end(one.link.child),
        "to": _end(one.link.parent),
        "file": one.link.file,
        "line": one.link.line,
        "state": one.state.value,
        "keys": one.keys,
        "parent_rows": one.parent_rows,
        "orphans": one.orphans,
        "orphan_rows": one.orphan_rows,
        "first": [{"key": list(orphan.key), "rows": orphan.rows} for orphan in one.first],
        "dismissed": one.dismissed,
        "unsettled": one.unsettled,
        "constraint": None if one.constraint is None else {"name": one.constraint.name, "holds": one.constraint.holds},
        "duration_ms": round(one.duration_ms, 1),
    }


def _end(end: End) -> JsonObject:
    return {
        "service": end.service,
        "instance": end.instance,
        "database": end.database,
        "table": _table(end),
        "columns": list(end.columns),
    }


def _table(end: End) -> JsonObject:
    return {"schema": end.table.schema, "name": end.table.table}
