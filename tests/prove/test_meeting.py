"""Attackers that meet: a name that somebody else holds at this moment never reads as a refusal."""

from __future__ import annotations

import pytest

from freehold.found.model import Contents, Database, Found, Role, Schema, Server
from freehold.layouts.placement import place
from freehold.prove.asking import Answer, Run
from freehold.prove.attacks.create_objects import create_objects
from freehold.prove.model import Login, Piece, Result, Scene, Verdict
from support.proofs import small

LOGIN = Login("shop_feed_app", "app", "feed", "main", "shop")
NO, YES = Answer(rows=(("f",),)), Answer(rows=(("t",),))


def scene() -> Scene:
    platform = small()
    contents = Contents(schemas={"feed": Schema("feed", "shop_feed_owner", frozenset())})
    database = Database("shop", "postgres", "UTF8", "C", "C", -1, False, True, frozenset(), contents=contents)
    server = Server(
        "main", 180000, "postgres", True, True, "postgres",
        roles={LOGIN.role: Role(LOGIN.role), "postgres": Role("postgres")},
        databases={"shop": database},
        extensions_available=frozenset({"hstore"}),
    )  # fmt: skip
    return Scene(platform, place(platform), Found({"main": server}), (LOGIN,), {})


def play(said: Answer, privilege: Answer) -> dict[str, Verdict]:
    """The verdict on each object and statement when every statement is answered with ``said``."""
    results: list[Result] = []
    conversation = create_objects.play(scene(), Piece(LOGIN, "main", "shop"), results.append)
    ask = next(conversation)
    titles = []
    try:
        while True:
            assert isinstance(ask, Run)
            asked = [str(statement) for statement in ask.statements]
            titles = titles or asked
            ask = conversation.send(tuple(privilege if "has_database" in text else said for text in asked))
    except StopIteration:
        pass
    assert len(titles) == len(results) == 4
    return {title.split(" (")[0].split(' "')[0]: r.verdict for title, r in zip(titles, results, strict=True)}


@pytest.mark.parametrize("state", ["55P03", "42P06", "42P07", "42710", "23505"])
def test_a_name_that_somebody_holds_was_met_after_the_privilege_check(state: str) -> None:
    found = play(Answer(sqlstate=state, message="met"), YES)

    assert found.pop("CREATE EXTENSION") in (Verdict.BROKEN, Verdict.UNKNOWN)
    assert set(found.values()) == {Verdict.BROKEN}


@pytest.mark.parametrize("state", ["55P03", "42710", "23505"])
def test_the_name_of_an_extension_is_looked_at_first_so_the_privilege_is_asked_for(state: str) -> None:
    assert play(Answer(sqlstate=state), YES)["CREATE EXTENSION"] is Verdict.BROKEN
    assert play(Answer(sqlstate=state), NO)["CREATE EXTENSION"] is Verdict.HELD
    assert play(Answer(sqlstate=state), Answer(sqlstate="57014"))["CREATE EXTENSION"] is Verdict.UNKNOWN


def test_a_refusal_is_held_and_a_lost_connection_is_unknown() -> None:
    assert set(play(Answer(sqlstate="42501"), NO).values()) == {Verdict.HELD}
    assert set(play(Answer(sqlstate="08006"), NO).values()) == {Verdict.UNKNOWN}
