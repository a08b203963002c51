"""Editing a declaration changes one value and keeps every other byte."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.errors import DeclarationError
from freehold.spec.edit import remove, set_value

TEXT = """\
# the platform
platform: "shop"   # its name
layout: central

groups: {money: [orders, 'users']}  # one
services:
  # people
  users:   # nothing said
  orders:
    schemas: [orders]   # one
    port: &p 5432
    pool: {size: 20, port: 6432}  # pool
    reads:
      - users.account   # read
      # between
      - 'geo.*'
  # last
  risk:
    port: *p
    migrations: |
      text
# the end
"""

PATHS = [
    ("platform",),
    ("layout",),
    ("groups", "money", "1"),
    ("groups", "new"),
    ("services", "users"),
    ("services", "users", "port"),
    ("services", "users", "pool", "size"),
    ("services", "orders", "schemas", "0"),
    ("services", "orders", "pool", "size"),
    ("services", "orders", "pool", "mode"),
    ("services", "orders", "reads", "1"),
    ("services", "orders", "limits", "connections"),
    ("services", "risk", "port"),
    ("services", "risk", "migrations"),
    ("services", "added", "pool"),
    ("server",),
]


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"# .*", text))


def value_at(text: str, path: tuple[str, ...]) -> object:
    found = yaml.load(text, Loader=yaml.CBaseLoader)
    for part in path:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(PATHS), value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0#")))
def test_the_edited_text_reads_as_the_new_value_and_keeps_all_comments(path: tuple[str, ...], value: str) -> None:
    edited = set_value(TEXT, path, value)

    assert value_at(edited, path) == value
    assert comments(edited) == comments(TEXT)


def test_only_the_span_of_the_value_changes() -> None:
    assert set_value(TEXT, ("layout",), "groups") == TEXT.replace("layout: central", "layout: groups")
    assert set_value(TEXT, ("services", "orders", "pool", "size"), 30) == TEXT.replace("size: 20", "size: 30")
    assert set_value(TEXT, ("services", "orders", "pool", "mode"), "session") == TEXT.replace(
        "port: 6432}", "port: 6432, mode: session}"
    )


def test_a_new_mapping_goes_below_its_key_and_after_the_comment() -> None:
    edited = set_value(TEXT, ("services", "users", "pool", "size"), 5)

    assert "  users:   # nothing said\n    pool:\n      size: 5\n  orders:\n" in edited


def test_a_new_key_goes_to_the_end_of_its_mapping() -> None:
    edited = set_value(TEXT, ("services", "orders", "limits"), {"connections": 30})

    assert "      - 'geo.*'\n    limits:\n      connections: 30\n  # last\n" in edited


def test_crlf_stays_crlf() -> None:
    text = TEXT.replace("\n", "\r\n")

    edited = set_value(text, ("services", "orders", "limits"), {"connections": 30})

    assert edited.count("\n") == edited.count("\r\n") == text.count("\n") + 2


def test_an_empty_text_gets_its_first_key() -> None:
    assert set_value("# nothing yet\n", ("platform",), "shop") == "# nothing yet\nplatform: shop\n"


@pytest.mark.parametrize(
    "path",
    [p for p in PATHS if p not in {("groups", "new"), ("server",)} and "added" not in p and p[-1] != "mode"
     and p[:2] != ("services", "users") and "limits" not in p]
    + [("services", "users"), ("services", "orders"), ("services", "risk"), ("services",), ("groups",),
       ("services", "orders", "reads"), ("groups", "money")],
)  # fmt: skip
def test_a_removed_entry_is_gone_and_the_rest_stays(path: tuple[str, ...]) -> None:
    if path == ("services", "orders"):
        with pytest.raises((LookupError, DeclarationError)):  # its anchor is used below
            remove(TEXT, path)
        return
    edited = remove(TEXT, path)

    before, after = value_at(TEXT, path[:-1]), value_at(edited, path[:-1])
    assert len(after or []) == len(before) - 1  # type: ignore[arg-type]
    assert set(comments(edited)) <= set(comments(TEXT))
    assert "# the end\n" in edited


def test_what_cannot_be_edited_is_refused() -> None:
    with pytest.raises(LookupError):
        set_value(TEXT, ("layout", "deeper"), "x")
    with pytest.raises(LookupError):
        remove(TEXT, ("services", "nobody"))
    with pytest.raises(DeclarationError):
        set_value("a: [", ("a",), "x")
