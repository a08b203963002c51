"""Who gets what, decided without a server."""

from __future__ import annotations

from freehold.adopt.assign import assign
from freehold.adopt.model import Kind, Old, Seen, Thing
from freehold.spec.model import Service, TableName


def thing(key: str, kind: Kind = Kind.TABLE, name: str = "", **more: object) -> Thing:
    return Thing(key, kind, "public", name or key, "old", **more)  # type: ignore[arg-type]


def seen(*things: Thing, uses: tuple[tuple[str, str], ...] = (), old: tuple[Old, ...] = ()) -> Seen:
    return Seen(things, (), (), uses, frozenset(), old)


def service(name: str, *adopts: str) -> Service:
    return Service(name, (name,), adopts=tuple(TableName("public", one) for one in adopts))


def test_a_name_wins_over_a_pattern() -> None:
    found = assign(seen(thing("auth_key"), thing("auth_log")), [service("a", "auth_*"), service("b", "auth_log")])
    assert found.owner == {"auth_key": "a", "auth_log": "b"}


def test_patterns_of_two_services_are_contested() -> None:
    found = assign(seen(thing("auth_key")), [service("a", "auth_*"), service("b", "*_key")])
    assert found.owner == {}
    assert [(one.key, names) for one, names in found.contested] == [("auth_key", ("a", "b"))]


def test_a_pattern_takes_its_other_characters_as_they_are() -> None:
    found = assign(seen(thing("a.b"), thing("axb"), thing("a.\nb")), [service("a", "a.*b")])
    assert set(found.owner) == {"a.b", "a.\nb"}


def test_a_pattern_names_no_function() -> None:
    found = assign(seen(thing("auth_f", Kind.ROUTINE), thing("auth_t")), [service("a", "auth_*")])
    assert set(found.owner) == {"auth_t"}


def test_partitions_of_partitions_and_sequences_follow() -> None:
    parts = thing("p", part_of="t"), thing("pp", part_of="p"), thing("s", Kind.SEQUENCE, part_of="pp")
    found = assign(seen(thing("t"), *parts), [service("a", "t")])
    assert found.owner == dict.fromkeys(("t", "p", "pp", "s"), "a")


def test_a_type_follows_the_only_service_that_uses_it() -> None:
    things = thing("t"), thing("d", Kind.DOMAIN), thing("e", Kind.TYPE)
    found = assign(seen(*things, uses=(("t", "d"), ("d", "e"))), [service("a", "t")])
    assert found.owner == dict.fromkeys(("t", "d", "e"), "a")


def test_what_two_services_use_stays() -> None:
    things = thing("t"), thing("u"), thing("e", Kind.TYPE), thing("v", Kind.VIEW)
    uses = (("t", "e"), ("u", "e"), ("v", "t"), ("v", "u"))
    found = assign(seen(*things, uses=uses), [service("a", "t"), service("b", "u")])
    assert set(found.owner) == {"t", "u"}
    assert {(one.key, who) for one, who in found.shared} == {("e", ("a", "b")), ("v", ("a", "b"))}


def test_what_a_table_of_nobody_uses_stays() -> None:
    found = assign(
        seen(thing("t"), thing("u"), thing("e", Kind.TYPE), uses=(("t", "e"), ("u", "e"))), [service("a", "t")]
    )
    assert set(found.owner) == {"t"}
    assert [who for _, who in found.shared] == [("a", None)]


def test_a_view_of_a_view_follows_and_a_plain_function_does_not() -> None:
    things = thing("t"), thing("v", Kind.VIEW), thing("w", Kind.VIEW), thing("f", Kind.ROUTINE)
    fires = thing("g", Kind.ROUTINE, fires=True)
    uses = (("v", "t"), ("w", "v"), ("t", "f"), ("t", "g"))
    found = assign(seen(*things, fires, uses=uses), [service("a", "t")])
    assert found.owner == dict.fromkeys(("t", "v", "w", "g"), "a")


def test_what_was_adopted_before_counts() -> None:
    old = Old("t", "a", Kind.TABLE, "public", "t", "a", "old", (), view=True)
    found = assign(seen(thing("e", Kind.TYPE), uses=(("t", "e"),), old=(old,)), [service("a", "t")])
    assert found.owner == {"e": "a"}


def test_a_partition_made_meanwhile_follows_its_table() -> None:
    old = Old("t", "a", Kind.TABLE, "public", "t", "a", "old", (), view=True)
    assert assign(seen(thing("t_2", part_of="t"), old=(old,)), [service("a", "t")]).owner == {"t_2": "a"}


def test_what_an_extension_owns_stays() -> None:
    assert assign(seen(thing("t", extension="postgis")), [service("a", "t")]).owner == {}
