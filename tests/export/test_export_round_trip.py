"""What discovery reads in an exported Compose project is the platform that was exported, and finds nothing wrong."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from freehold.discover.run import discover
from freehold.export.marking import marked
from freehold.export.names import label
from freehold.layouts.placement import place
from freehold.local import tree
from freehold.spec.model import Layout
from support.examples import SOAK
from support.exporting import PLATFORMS, example, export, hostile, put

LAYOUTS = (*(layout for layout in Layout if layout is not Layout.GROUPS), Layout.GROUPS)


def edges(folder: Path) -> tuple[set[tuple[str, str]], list[str]]:
    """(service, database) pairs that are found, and what is wrong."""
    found = discover(tree.sources(folder), "shop")
    return (
        {(service.name, database) for service in found.services for database in service.databases},
        [f"{finding.code}: {finding.title}" for finding in found.findings if finding.level != "info"],
    )


@pytest.mark.parametrize(
    ("name", "layout"), list(product(PLATFORMS, Layout) if SOAK else zip(PLATFORMS, LAYOUTS, strict=True))
)
def test_a_compose_project_is_read_back_as_its_platform(name: str, layout: Layout, tmp_path: Path) -> None:
    platform = example(name, layout)
    put(export("docker-compose", platform), tmp_path)
    found, wrong = edges(tmp_path)

    expected = {(label(one.service), one.database) for one in place(platform).services}
    assert found == expected
    # a layout in which services share a database is told as such, and that is true
    sharing = len({database for _, database in expected}) < len(expected)
    assert [one for one in wrong if not (sharing and one.startswith("shared_database"))] == []


def test_a_service_that_is_led_elsewhere_is_seen(tmp_path: Path) -> None:
    platform = example("treum", Layout.DATABASE_PER_SERVICE)
    made = export("docker-compose", platform)
    put(made, tmp_path)
    file = tmp_path / "env" / "users.env"
    file.write_text(file.read_text().replace("treum_users", "treum_trading"))

    found, _ = edges(tmp_path)
    assert ("users", "treum_trading") in found


@pytest.mark.parametrize("layout", [layout for layout in Layout if layout is not Layout.GROUPS])
def test_names_with_spaces_and_quotes_are_read_back(layout: Layout, tmp_path: Path) -> None:
    platform = hostile(layout)
    put(export("docker-compose", platform), tmp_path)
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        file.write_text(marked(file.name, file.read_text()))
    found, wrong = edges(tmp_path)
    expected = {(one.service, one.database) for one in place(platform).services}
    assert found == expected
    assert [one for one in wrong if not one.startswith("shared_database")] == []

    # without what says its name a service is only known by what Compose calls it
    file = tmp_path / "compose.services.yaml"
    file.write_text(file.read_text().replace("freehold.dev/service", "freehold.dev/other"))
    found, _ = edges(tmp_path)
    assert found != expected
