"""What holds for every plan: names cannot escape, keys are unique, order does not depend on the declaration."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from freehold.found.fingerprint import fingerprint
from freehold.found.links import Slot
from freehold.found.model import Acl, Contents, Database, Found, Grant, HbaRule, Role, Server
from freehold.plan import show
from freehold.plan.login_settings import show_list
from freehold.plan.make import make
from freehold.plan.model import Design, Plan
from freehold.plan.order import batches, undo_batches
from freehold.plan.profiles import SHARED_BUFFERS_LEAST, settings
from freehold.plan.values import same_setting, split_list
from freehold.spec.model import Layout, Platform, Profile, Service, TableName
from freehold.units import parse_bytes
from support.plans import design, platform

names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=9)


@st.composite
def designs(draw: st.DrawFn) -> Design:
    chosen = draw(st.lists(names.filter(lambda name: "-" not in name), min_size=1, max_size=4, unique=True))
    services = [
        Service(
            name,
            (name,),
            publishes=(TableName(name, "*"),) if draw(st.booleans()) else (),
            reads=(TableName(chosen[0], "*"),) if draw(st.booleans()) else (),
        )
        for name in chosen
    ]
    return design(platform(*services, layout=draw(st.sampled_from(Layout))))


def empty(wanted: Design, version: int = 180006) -> Found:
    """Servers as initdb leaves them."""
    acl: Acl = frozenset(Grant("public", right, "postgres", False) for right in ("CONNECT", "TEMPORARY"))
    database = Database("postgres", "postgres", "UTF8", "C", "C", -1, False, True, acl, (), Contents())
    return Found(
        {
            instance.name: Server(
                instance=instance.name,
                version=version,
                user="postgres",
                superuser=True,
                reads_verifiers=True,
                maintenance_database="postgres",
                roles={"postgres": Role("postgres", login=True, superuser=True)},
                databases={"postgres": database, "template1": replace(database, name="template1", contents=None)},
                hba=(HbaRule("host", ("all",), ("all",), "127.0.0.1/32", "scram-sha-256"),),
            )
            for instance in wanted.placements.instances
        }
    )


def planned(wanted: Design) -> Plan:
    return make(wanted, empty(wanted))


@budget(max_examples=40, deadline=None)
@given(designs())
def test_keys_are_unique_and_order_is_total(wanted: Design) -> None:
    plan = planned(wanted)
    keys = [step.key for step in plan.steps]
    assert len(set(keys)) == len(keys)
    assert [step for batch in batches(plan.steps) for step in batch.steps] == list(plan.steps)
    assert [step for batch in undo_batches(plan.steps) for step in batch.steps] == list(reversed(plan.steps))


@budget(max_examples=40, deadline=None)
@given(designs())
def test_same_input_same_bytes_and_order_of_declaration_never_matters(wanted: Design) -> None:
    turned = replace(wanted.platform, services=tuple(reversed(wanted.platform.services)))
    again: Platform = replace(turned, services=tuple(sorted(turned.services, key=lambda service: service.name)))
    assert show.script(planned(design(again))) == show.script(planned(wanted))
    json.dumps(show.changes(planned(wanted)))


@budget(max_examples=40, deadline=None)
@given(designs())
def test_no_name_escapes_from_a_comment_and_no_secret_is_shown(wanted: Design) -> None:
    plan = planned(wanted)
    text = show.script(plan)
    assert "SCRAM-SHA-256$" not in text + repr(plan) + json.dumps(show.changes(plan))
    for step in plan.steps:
        for line in show.statements(step.do()):
            if line.startswith("--"):
                assert line.splitlines() == [line]


@given(st.lists(names, min_size=1, max_size=5))
def test_a_list_setting_is_read_back_as_it_was_written(items: list[str]) -> None:
    assert split_list(show_list(tuple(items))) == tuple(items)


def test_values_that_mean_the_same_are_the_same() -> None:
    assert same_setting("statement_timeout", "60s", "1min")
    assert same_setting("work_mem", "1024kB", "1MB")
    assert same_setting("fsync", "on", "true")
    assert same_setting("search_path", 'users, "pg_temp"', '"users", pg_temp')
    assert not same_setting("search_path", "a, b", "b, a")
    assert not same_setting("work_mem", "1MB", "2MB")


@given(st.lists(st.sampled_from(Profile), min_size=1, max_size=50), st.integers(1, 512))
def test_instances_never_share_out_more_memory_than_the_machine_has(profiles: list[Profile], gigabytes: int) -> None:
    services = [Service(f"s{number}", (f"s{number}",), profile=one) for number, one in enumerate(profiles)]
    wanted = design(platform(*services, layout=Layout.INSTANCE_PER_SERVICE))
    wanted = replace(wanted, machine=replace(wanted.machine, memory_bytes=gigabytes * 1024**3))
    shared = [
        parse_bytes(settings(wanted, instance)["shared_buffers"].value) for instance in wanted.placements.instances
    ]
    assert min(shared) >= SHARED_BUFFERS_LEAST
    assert sum(shared) <= max(gigabytes * 1024**3 // 2, len(shared) * 32 * 1024**2)


def test_durability_is_traded_only_where_every_service_can_lose_a_commit() -> None:
    def traded(*profiles: Profile) -> list[str]:
        services = [Service(f"s{number}", (f"s{number}",), profile=one) for number, one in enumerate(profiles)]
        wanted = design(platform(*services))
        found = settings(wanted, wanted.placements.instances[0])
        return [name for name, setting in found.items() if setting.trades_durability]

    assert traded(Profile.INGEST) == ["synchronous_commit"]
    assert traded(Profile.INGEST, Profile.LEDGER) == []
    assert traded(Profile.INGEST, Profile.OLTP) == []
    assert traded(Profile.OLTP) == []


@budget(max_examples=30, deadline=None)
@given(designs())
def test_the_fingerprint_sees_a_change_and_not_a_cause(wanted: Design) -> None:
    found = empty(wanted)
    name = next(iter(found.servers))
    server = found.servers[name]
    slots = (Slot("s", "", ""),)
    changed = replace(server, replication_slots=slots, extensions_available=frozenset("x"))
    same = Found({**found.servers, name: changed})
    other = Found({**found.servers, name: replace(server, roles={**server.roles, "x": Role("x")})})
    assert fingerprint(same) == fingerprint(found)
    assert fingerprint(other) != fingerprint(found)
