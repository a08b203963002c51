"""What holds for every platform that can be placed, whatever its names and layout."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from freehold.layouts.placement import place
from freehold.spec.model import Layout, Platform, Profile, Service
from freehold.spec.names import slug
from support.plans import platform

names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=12)


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    chosen = draw(st.lists(names, min_size=1, max_size=6, unique_by=slug))
    services = [
        Service(
            name,
            (f"{name}.1", f"{name}.2")[: draw(st.integers(0, 2))],
            profile=draw(st.sampled_from(Profile)),
        )
        for name in chosen
    ]
    grouped = [service.name for service in services if service.schemas and draw(st.booleans())]
    group = "the group " + "".join(chosen)
    return platform(
        *services, layout=draw(st.sampled_from(Layout)), groups=((group, tuple(grouped)),) if grouped else ()
    )


@given(platforms(), st.randoms())
def test_order_of_declaration_never_matters(declared: Platform, random: object) -> None:
    services = list(declared.services)
    random.shuffle(services)  # type: ignore[attr-defined]
    assert place(replace(declared, services=tuple(services))) == place(declared)


@given(platforms())
def test_every_service_is_placed_once_on_an_instance_that_is_there(declared: Platform) -> None:
    placed = place(declared)
    assert [p.service for p in placed.services] == sorted(service.name for service in declared.services)
    assert {p.instance for p in placed.services} == {instance.name for instance in placed.instances}


@given(platforms(), st.sampled_from(Layout))
def test_a_layout_change_never_renames_a_schema(declared: Platform, layout: Layout) -> None:
    before, after = place(declared), place(replace(declared, layout=layout))
    assert [(p.service, p.schemas) for p in before.services] == [(p.service, p.schemas) for p in after.services]


@given(platforms())
def test_names_stay_distinct(declared: Platform) -> None:
    placed = place(declared)
    if not placed.shared_login:
        roles = [role for p in placed.services for role in (p.roles.owner, p.roles.app, p.roles.ro)]
        assert len(set(roles)) == len(roles)
    for p in placed.services:
        if not p.schemas:
            assert placed.within(p.instance, p.database) == (p,)


@given(platforms(), names)
def test_a_pin_wins_in_every_layout(declared: Platform, database: str) -> None:
    first = declared.services[0]
    pinned = replace(first, database=f"pin {database}")
    placed = place(replace(declared, services=(pinned, *declared.services[1:])))
    assert placed.of(first.name).database == f"pin {database}"
