"""The legacy files of the Alphintra example: what its document says a person found, and what that person missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.discover.model import Discovery
from freehold.discover.run import discover
from freehold.local import tree

EXAMPLE = Path(__file__).parents[2] / "examples" / "alphintra"


@pytest.fixture(scope="module")
def found() -> Discovery:
    return discover(tree.sources(EXAMPLE), "alphintra")


def objects(found: Discovery, code: str) -> set[str]:
    return {finding.object for finding in found.findings if finding.code == code}


def test_the_central_scripts_that_a_person_found_are_found(found: Discovery) -> None:
    folder = "legacy/databases/postgresql"
    assert objects(found, "central_and_per_service") == {
        f'file "{folder}/{name}.sql"' for name in ("init", "init-nocode-schema", "init-trading-schema")
    }


def test_the_eighth_database_that_nobody_creates_is_found(found: Discovery) -> None:
    assert objects(found, "never_created") == {'database "alphintra_auth"'}
    created = {d.name for d in found.databases if d.created_by and d.name.startswith("alphintra_")}
    assert len(created) == 7


def test_the_open_doors_and_the_passwords_are_found(found: Discovery) -> None:
    assert objects(found, "connect_open")
    assert len(objects(found, "secret_in_repository")) == 2


def test_every_service_has_its_database_and_tables(found: Discovery) -> None:
    assert len(found.services) == 8
    for service in found.services:
        assert service.databases == (f"alphintra_{service.name.removesuffix('-service')}",)
        assert service.tables


def test_what_is_right_raises_nothing_else(found: Discovery) -> None:
    assert {finding.code for finding in found.findings} == {
        "central_and_per_service",
        "connect_open",
        "never_created",
        "never_used",
        "secret_in_repository",
        "table_defined_twice",
    }
