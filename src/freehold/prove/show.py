"""The proof as JSON: the keys that other programs rely on."""

from __future__ import annotations

from freehold.finding import JsonObject
from freehold.prove.model import Report


def as_json(report: Report) -> JsonObject:
    """The report with the keys passed, attempts, violations, limits, unknown, ignored, matrix, by_attack and more."""
    return {
        "platform": report.platform,
        "layout": report.layout,
        "passed": report.passed,
        "attempts": report.attempts,
        "violations": [finding.as_json() for finding in report.violations],
        "limits": [finding.as_json() for finding in report.limits],
        "unknown": [finding.as_json() for finding in report.unknown],
        "ignored": [finding.as_json() for finding in report.ignored],
        "matrix": [
            {
                "actor": cell.actor,
                "target": cell.target,
                "verdict": cell.verdict.value,
                "attempts": cell.attempts,
                "findings": list(cell.findings),
            }
            for cell in report.matrix
        ],
        "by_attack": {name: dict(counts) for name, counts in report.by_attack.items()},
        "versions": dict(report.versions),
        "moving": [
            {
                "service": home.service,
                "instance": home.instance,
                "database": home.database,
                "logins": sorted(home.logins),
            }
            for home in report.moving
        ],
        "unreachable": list(report.unreachable),
        "duration_ms": round(report.duration_ms, 1),
    }
