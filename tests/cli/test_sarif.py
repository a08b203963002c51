"""The log for code review, held against the schema of SARIF 2.1.0 where that is at hand.

FREEHOLD_TEST_SARIF_SCHEMA names the file that OASIS publishes; it is not here, since it is not ours.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from freehold import family
from freehold.cli.sarif import sarif
from freehold.discover.conflicts._kind import members
from freehold.finding import Evidence, Finding, Level
from support.repository import discovered, example

PACKAGE = "freehold.discover.conflicts"
SCHEMA = os.environ.get("FREEHOLD_TEST_SARIF_SCHEMA", "")
PAGES = {name: family.page(PACKAGE, name) for name in members()}
ODD = Finding("never_used", Level.INFO, 'a "b', "db <x>", "an odd one", "", (Evidence("t", "dir é/a b#c?.sql", 0),))


def log(findings: tuple[Finding, ...]) -> dict[str, object]:
    """The log as it stands in its file."""
    return dict(json.loads(json.dumps(sarif(findings, PAGES))))


def wrong(document: dict[str, object]) -> list[str]:
    schema = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return [error.message for error in kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(document)]


def test_every_finding_of_the_examples_is_as_the_published_schema_wants_it() -> None:
    if not SCHEMA:
        pytest.skip("FREEHOLD_TEST_SARIF_SCHEMA names no schema")
    for name, page in PAGES.items():
        assert wrong(log(discovered(example(page, "Bad")).findings)) == [], name
    assert wrong(log(())) == []
    assert wrong(log((ODD,))) == []
    assert wrong({**log((ODD,)), "version": "2.0.0"})
    assert wrong({**log((ODD,)), "runs": [{"results": []}]})


def test_odd_names_become_a_uri_and_a_line_that_is_one() -> None:
    [run] = log((ODD,))["runs"]  # type: ignore[misc, attr-defined]
    [result] = run["results"]
    [place] = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "dir%20%C3%A9/a%20b%23c%3F.sql"
    assert place["physicalLocation"]["region"]["startLine"] == 1
