"""What Freehold exports is discovered as what was declared: services, databases, schemas, and a declaration again."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.discover.declare import declaration
from freehold.discover.model import Discovery
from freehold.discover.run import discover
from freehold.finding import Level
from freehold.layouts.placement import place
from freehold.local import declaration as declared
from freehold.local import tree
from freehold.spec.model import Platform
from support.command import Desk, desk

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("alphintra", "payrollx", "tenants", "trading-system", "treum")

Homes = dict[str, tuple[str, tuple[str, ...]]]


def homes(platform: Platform) -> Homes:
    return {p.service: (p.database, tuple(sorted(p.schemas))) for p in place(platform).services}


def exported(found: Desk, name: str) -> tuple[Platform, Discovery]:
    file = EXAMPLES / name / "freehold.yaml"
    folder = found.folder / name
    said = found.run("export", "docker-compose", "-f", file, "-o", folder)
    assert said.status == 0, said.all
    return declared.load(file), discover(tree.sources(folder), name)


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_discovered_as_the_platform_it_was_made_of(name: str) -> None:
    with desk() as found:
        platform, discovery = exported(found, name)
        services = {s.name: (s.databases[0], tuple(sorted(s.schemas))) for s in discovery.services}
        assert all(len(service.databases) == 1 for service in discovery.services)
        assert services == homes(platform)
        databases = {d.name for d in discovery.databases if d.created_by}
        assert databases - {"postgres"} == {p.database for p in place(platform).services}
        # what Freehold writes contradicts nothing
        assert [f.title for f in discovery.findings if f.level is not Level.INFO] == []
        again = found.folder / "again.yaml"
        again.write_text(declaration(discovery))
        assert homes(declared.load(again)) == homes(platform)


def test_a_database_taken_out_of_an_export_is_missed() -> None:
    with desk() as found:
        _, before = exported(found, "treum")
        script = found.folder / "treum" / "db-main" / "init.sql"
        text = script.read_text()
        assert 'CREATE DATABASE "treum_risk"' in text
        script.write_text("\n".join(row for row in text.split("\n") if 'CREATE DATABASE "treum_risk"' not in row))
        after = discover(tree.sources(found.folder / "treum"), "treum")
        assert {f.object for f in after.findings if f.code == "never_created"} == {'database "treum_risk"'}
        assert not [f for f in before.findings if f.code == "never_created"]
