"""What `freehold move` does is said by a word: options alone never do something else in silence."""

from __future__ import annotations

import shlex

import pytest

from freehold.cli.commands.move import move
from freehold.cli.movewords import LIMITS, OF
from support.command import Desk

TO = ("--to", "database-per-service")


def refused(bench: Desk, *words: str) -> str:
    """What the refusal offers instead."""
    (bench.folder / "freehold.yaml").write_text("platform: shop\nservices: {orders: }\n")
    said = bench.run("move", *words)
    assert (said.status, said.out) == (1, ""), said.all
    return said.err


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (TO, "freehold move start --to database-per-service"),
        ((*TO, "--service", "orders"), "freehold move --auto --to database-per-service --service orders"),
        (("--to-instance", "main", "--service", "orders"), "freehold move start --service orders --to-instance main"),
        (("--repair",), "freehold move verify --repair"),
        (("--pause", "1s"), "freehold move cutover --pause 1s"),
        (("--yes",), "freehold move complete --yes"),
        (("--no-backup",), "freehold move start --no-backup"),
    ],
)
def test_options_without_an_action_are_refused_with_what_to_type(
    words: tuple[str, ...], instead: str, bench: Desk
) -> None:
    said = refused(bench, *words)
    assert f"`{instead}`" in said


@pytest.mark.parametrize("action", ["status", "verify", "cutover", "resume", "purge"])
def test_a_layout_is_refused_where_nothing_is_begun(action: str, bench: Desk) -> None:
    assert "`freehold move start --to database-per-service`" in refused(bench, action, *TO)


def test_every_option_says_which_actions_it_is_for() -> None:
    shared = {"action", "auto", "services", "parent", "file", "as_json"}
    assert {one.name for one in move.params} - shared == {*OF}
    assert {*OF} > LIMITS


def test_auto_is_no_addition_to_another_action(bench: Desk) -> None:
    assert "`freehold move --auto --to database-per-service`" in refused(bench, "start", "--auto", *TO)


def test_auto_as_an_option_is_the_action(shop: Desk) -> None:
    ways = (("move", *TO, "--auto"), ("move", "auto", *TO), ("move", "--auto", "auto", *TO))
    one, two, three = (shop.run(*way, "--dry-run", "--no-backup", "--json").document() for way in ways)
    assert one["action"] == "auto"
    assert {**one, "at": ""} == {**two, "at": ""} == {**three, "at": ""}


def test_a_service_alone_asks_where_it_stands(shop: Desk) -> None:
    (name,) = [one["name"] for one in shop.run("status", "--json").document()["services"]][:1]  # type: ignore[attr-defined]
    said = shop.run("move", "--service", str(name))
    assert said.status == 1
    assert "is not being moved" in said.err
    assert shop.run(*shlex.split("move --json")).document()["action"] == "status"
