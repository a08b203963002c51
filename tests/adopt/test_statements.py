"""The SQL of an adoption, decided without a server."""

from __future__ import annotations

from dataclasses import replace

from freehold.adopt.model import Kind, Old, Right, Share, Thing
from freehold.adopt.statements import adopt, undo, view
from freehold.layouts.model import Placement, ServiceRoles

PLACEMENT = Placement("a", "main", "d", ("a",), ServiceRoles("a_owner", "a_app", "a_ro"))
TABLE = Thing(
    "c1",
    Kind.TABLE,
    "public",
    't"',
    "boss",
    rights=(Right("boss", "SELECT"), Right("clerk", "UPDATE", column="x")),
    columns=("x", 'y"'),
)


def texts(*things: Thing, views: bool = True) -> tuple[list[str], list[str]]:
    work = adopt(Share(PLACEMENT, "a", things), "a_owner", views=views)
    return [one.shown() for one in work.locking], [one.shown() for one in work.rest]


def test_tables_without_sequences_wait_for_one_lock_alone() -> None:
    parts = [replace(TABLE, key=f"c{n}", name=f"part{n}") for n in range(300)]
    locking, rest = texts(*parts)

    assert len(locking) == 1
    assert locking[0].startswith('LOCK TABLE ONLY "public"."part0", ONLY "public"."part1"')
    assert sum(one.endswith('SET SCHEMA "a"') for one in rest) == 300


def test_a_table_with_a_sequence_waits_for_it_within_the_time() -> None:
    sequence = Thing("c2", Kind.SEQUENCE, "public", "s", "boss", part_of="c1", rights=(Right("boss", "USAGE"),))
    locking, rest = texts(TABLE, sequence)

    assert locking[1:] == ['ALTER TABLE "public"."t""" SET SCHEMA "a"']
    assert 'GRANT USAGE ON SEQUENCE "a"."s" TO "boss"' in rest
    assert not any("ALTER SEQUENCE" in one for one in (*locking, *rest))


def test_a_view_acts_as_its_caller_only_where_policies_tell_callers_apart() -> None:
    plain, guarded = view(TABLE, "a"), view(replace(TABLE, policed=True), "a")

    assert plain[0].shown() == (
        'CREATE VIEW "public"."t""" WITH (security_invoker = false) AS SELECT "x", "y""" FROM "a"."t"""'
    )
    assert "security_invoker = true" in guarded[0].shown()
    assert plain[-1].shown() == 'GRANT UPDATE ("x") ON TABLE "public"."t""" TO "clerk"'


def test_a_function_that_acts_as_its_owner_keeps_it() -> None:
    routine = Thing("p1", Kind.ROUTINE, "public", "f", "boss", arguments="x integer", fires=True, definer=True)
    locking, rest = texts(routine)

    assert locking == ['ALTER ROUTINE "public"."f"(x integer) SET SCHEMA "a"']
    assert not any("OWNER" in one for one in rest)


def test_a_superuser_needs_no_grant_and_no_policy() -> None:
    _, rest = texts(replace(TABLE, owner_is_superuser=True, policed=True, guarded=True), views=False)

    assert [one for one in rest if one.startswith(("GRANT", "CREATE"))] == []


def test_undo_takes_what_was_given_since_and_gives_what_was_taken() -> None:
    now = replace(TABLE, schema="a", owner="a_owner", rights=(Right("a_owner", "SELECT"), Right("a_app", "SELECT")))
    old = Old("c1", "a", Kind.TABLE, "public", 't"', "a", "boss", TABLE.rights, view=True)
    rest = [one.shown() for one in undo([(old, now)], [old]).rest]

    assert 'REVOKE SELECT ON TABLE "public"."t""" FROM "a_app"' in rest
    assert 'GRANT UPDATE ("x") ON TABLE "public"."t""" TO "clerk"' in rest
    assert not any('"boss"' in one for one in rest if one.startswith(("GRANT", "REVOKE")))
