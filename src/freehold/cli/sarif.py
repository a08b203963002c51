"""Findings as SARIF 2.1.0, which code review tools show beside the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from freehold import __version__
from freehold.finding import Finding, JsonObject, Level

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def sarif(findings: Sequence[Finding], pages: Mapping[str, str]) -> JsonObject:
    """The log of one run. ``pages`` are the documentation pages of the rules, by code."""
    codes = sorted({finding.code for finding in findings})
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "freehold",
                        "version": __version__,
                        "rules": [_rule(code, pages.get(code, "")) for code in codes],
                    }
                },
                "results": [_result(finding, codes.index(finding.code)) for finding in findings],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _rule(code: str, page: str) -> JsonObject:
    first, _, rest = page.strip().partition("\n\n")
    why = rest.partition("\n\n")[0].removeprefix("Why: ")
    return {
        "id": code,
        "shortDescription": {"text": " ".join(first.split()) or code},
        "fullDescription": {"text": " ".join(why.split()) or code},
    }


def _result(finding: Finding, rule: int) -> JsonObject:
    places = [_place(e.file, e.line, e.text) for e in finding.evidence if e.file]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.level],
        "message": {"text": f"{finding.title}. {finding.detail}".strip()},
        "locations": places[:1],
        "relatedLocations": [{**place, "id": number} for number, place in enumerate(places[1:], 1)],
        "partialFingerprints": {"freehold/key": finding.key},
    }


def _place(file: str, line: int, text: str) -> JsonObject:
    # a name is no URI until its odd characters are escaped
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(line, 1), "snippet": {"text": text}},
        }
    }
