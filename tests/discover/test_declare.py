"""Whatever names a repository holds, its declaration is one that validates and no name leaves its comment or quotes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.discover.declare import declaration
from freehold.discover.model import Discovery, Evidence, SchemaSeen, ServiceSeen, TableSeen, Use
from freehold.layouts.placement import place
from freehold.local import declaration as declared
from freehold.spec.check import check

NAMES = st.one_of(
    st.text(min_size=1, max_size=70),
    st.sampled_from(
        (
            "public",
            "pg_x",
            "orders",
            "Orders",
            "orders-api",
            "null",
            "yes",
            "1",
            "a b",
            "a\nservices: {}",
            "# x",
            "é" * 40,
        )
    ),
)
EXAMPLES = 400 if os.environ.get("FREEHOLD_SOAK") else 40


@st.composite
def discoveries(draw: st.DrawFn) -> Discovery:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    services, uses, schemas, tables = [], [], [], []
    for name in names:
        at = Evidence(draw(NAMES), 3, draw(NAMES))
        database = draw(NAMES)
        schema = draw(st.one_of(st.just(""), NAMES))
        uses.append(Use(name, database, "", "configured", "db", draw(NAMES), at))
        schemas += [SchemaSeen(schema, database, name, at)] if schema else []
        tables.append(TableSeen(database, schema, draw(NAMES), name, (), at))
        folder = draw(st.sampled_from(("", "services/x")))
        services.append(ServiceSeen(name, (database,), (schema,) if schema else (), (tables[-1].shown,), (at,), folder))
    return Discovery(draw(NAMES), tuple(services), (), tuple(schemas), tuple(tables), tuple(uses))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(discovery=discoveries())
def test_a_declaration_validates_whatever_the_names(tmp_path: Path, discovery: Discovery) -> None:
    file = tmp_path / "freehold.yaml"
    file.write_text(declaration(discovery), encoding="utf-8", errors="replace")
    platform = declared.load(file)
    assert [complaint for complaint in check(platform) if complaint.level == "error"] == []
    assert len(platform.services) == len(discovery.services)
    assert len(place(platform).services) == len(platform.services)


def test_nothing_to_declare_is_said() -> None:
    with pytest.raises(ValueError, match="no service in it uses PostgreSQL"):
        declaration(Discovery("empty", (ServiceSeen("web"),)))


def test_a_foreign_application_alone_in_its_database_owns_no_schema(tmp_path: Path) -> None:
    at = Evidence("compose.yaml", 1, "KC_DB_URL")
    uses = (
        Use("keycloak", "keycloak", "", "configured", "db", "k", at),
        Use("orders", "orders", "", "configured", "db", "o", at),
    )
    services = (
        ServiceSeen("keycloak", ("keycloak",), (), (), (at,)),
        ServiceSeen("orders", ("orders",), (), (), (at,), "orders"),
    )
    file = tmp_path / "freehold.yaml"
    file.write_text(declaration(Discovery("shop", services, uses=uses)))
    platform = declared.load(file)
    assert {service.name: service.schemas for service in platform.services} == {"keycloak": (), "orders": ("orders",)}
