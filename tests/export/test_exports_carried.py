"""Every kind is read back as the platform it was made of: exactly the facts that it says it carries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freehold.cli.exporting import kinds
from freehold.discover.run import discover
from freehold.export.carried import Carried, told
from freehold.export.marking import marked
from freehold.export.model import Network
from freehold.finding import Level
from freehold.local import tree
from freehold.local.declaration import load
from freehold.spec.model import Layout, Platform, Pooler
from support.carried import differences, read
from support.exporting import EXAMPLES, ODD, PLATFORMS, asked, export, hostile

NETWORKS = {"kubernetes": Network.KUBERNETES, "cloudnativepg": Network.CLOUDNATIVEPG}
PREFECT = "prefect"
LIKE_ANOTHER = (
    "weird",
    "we ird",
    "we  ird",
    "WEIRD",
    "back\\slash",
    "\\\"'",
    "a,b",
    "a:b",
    "a/b",
    " a",
    "a ",
    "-c",
    "#c",
    "=",
)
LIKE_A_TEMPLATE = ("br{ace", "<name>", "{{x}}", "%41", "%s", "$(x)", "$$", "your database", "orders.db", "tab\there")
LIKE_A_TEST = ("test", "x_test", "tests", "ci")
LIKE_OURS = ("db-main", "pool-all", "üab é")
HOSTILE = (*ODD, *LIKE_ANOTHER, *LIKE_A_TEMPLATE, *LIKE_A_TEST, *LIKE_OURS)
"""Names of services, and so of schemas, databases and logins."""


def declared(name: str) -> Platform:
    """An example as it stands, with a pool before each service that declares one."""
    found = load(EXAMPLES / name / "freehold.yaml")
    return replace(found, pooler=found.pooler or Pooler())


def cases() -> list[tuple[str, str]]:
    alone = [name for name in PLATFORMS if any(not s.schemas for s in declared(name).services)]
    return [(kind, name) for kind in sorted(kinds()) for name in (alone if kind == PREFECT else PLATFORMS)]


Wrong = dict[Carried, tuple[list[object], list[object]]]


def put(kind: str, found: Platform, folder: Path) -> Wrong:
    """Writes the export and says what is read otherwise than told."""
    for path, text in export(kind, found, network(kind), services=some(kind, found)).files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(marked(path, text), encoding="utf-8")
    return wrong(kind, found, folder)


def wrong(kind: str, found: Platform, folder: Path) -> Wrong:
    about = asked(found, network(kind), services=some(kind, found))
    return differences(told(about, kinds()[kind].carries), read(folder))


def network(kind: str) -> Network:
    return NETWORKS.get(kind, Network.COMPOSE)


def some(kind: str, found: Platform) -> tuple[str, ...]:
    return tuple(s.name for s in found.services if not s.schemas) if kind == PREFECT else ()


@pytest.mark.parametrize(("kind", "name"), cases())
def test_a_kind_is_read_back_as_what_it_carries(kind: str, name: str, tmp_path: Path) -> None:
    assert put(kind, declared(name), tmp_path) == {}
    found = discover(tree.sources(tmp_path), "shop")
    # what Freehold writes contradicts nothing
    assert [f.title for f in found.findings if f.level is not Level.INFO and f.code != "shared_database"] == []


CHANGED = {
    "docker-compose": ("env/users.env", "treum_users?application_name", "treum_trading?application_name"),
    "kubernetes": ("instances/main.yaml", 'CREATE SCHEMA "audit"', 'CREATE SCHEMA "another"'),
    "cloudnativepg": ("clusters/main.yaml", "name: trading_compliance", "name: another"),
    "terraform": ("instance-main.tf", '"treum_risk_ro"', '"treum_risk_other"'),
    "env": ("users.env", "users%2Caudit", "users"),
    "sqlalchemy": ("users.py", "port=6432", "port=6433"),
    "django": ("users.py", '"USER": "treum_users_app"', '"USER": "treum_trading_app"'),
    "prisma": ("users/.env.example", "application_name=users", "application_name=trading"),
    "prefect": ("prefect.toml", "port = 5432", "port = 5433"),
    "pgbouncer": ("users/pgbouncer.ini", "dbname='treum_users'", "dbname='treum_trading'"),
}
"""One fact of each kind in an export of TREUM, or of the one example with a Prefect, and another in its place."""


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_one_changed_fact_is_seen(kind: str, tmp_path: Path) -> None:
    platform = declared("trading-system" if kind == PREFECT else "treum")
    assert put(kind, platform, tmp_path) == {}
    path, fact, other = CHANGED[kind]
    file = tmp_path / path
    text = file.read_text()
    assert fact in text
    file.write_text(text.replace(fact, other))
    assert wrong(kind, platform, tmp_path) != {}


@pytest.mark.parametrize("layout", [Layout.CENTRAL, Layout.DATABASE_PER_SERVICE])
@pytest.mark.parametrize("kind", sorted(kinds()))
def test_hostile_names_are_read_back(kind: str, layout: Layout, tmp_path: Path) -> None:
    assert put(kind, hostile(layout, HOSTILE), tmp_path) == {}


TAKEN_AWAY = {
    "docker-compose": ("freehold.dev/service", "freehold.dev/other"),
    "kubernetes": ("annotations:", "others:"),
    "cloudnativepg": ("annotations:", "others:"),
    "prefect": ("application_name", "another_name"),
}
"""What says the name of a service that the format cannot take."""


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_hostile_name_in_a_file_that_nobody_vouches_for_is_not_read(kind: str, tmp_path: Path) -> None:
    """The same files without their first line, or without the name beside them: what is read is no longer the same."""
    platform = hostile(Layout.DATABASE_PER_SERVICE, HOSTILE)
    assert put(kind, platform, tmp_path) == {}
    fact, other = TAKEN_AWAY.get(kind, ("", ""))
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(fact, other) if fact else text.partition("\n")[2], encoding="utf-8")
    # PgBouncer's own quotes leave nothing open, whoever wrote them
    assert (wrong(kind, platform, tmp_path) == {}) is (kind == "pgbouncer")
