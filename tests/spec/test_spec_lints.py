"""Every lint finds its bad example and is silent about the good one; what its docstring says is what is tested."""

from __future__ import annotations

import textwrap

import pytest
from spec_support import platform_of

from freehold.family import page
from freehold.spec.check import check
from freehold.spec.lints._kind import members

LINTS = members()


def examples(name: str) -> tuple[str, str]:
    doc = page("freehold.spec.lints", name)
    assert "Why: " in doc
    bad, good = doc.partition("Bad:\n")[2].split("Good:\n")
    return textwrap.dedent(bad), textwrap.dedent(good)


@pytest.mark.parametrize("name", LINTS)
def test_the_bad_example_is_found_at_its_line(name: str) -> None:
    found = [c for c in check(platform_of(examples(name)[0]), today="2026-11-20") if c.code == name]

    assert found
    for complaint in found:
        assert complaint.level == LINTS[name].level
        assert complaint.line >= 1
        assert complaint.hint.endswith((".", "?"))
        assert complaint.message[0] in '"/' or complaint.message[0].islower() or complaint.message[0].isdigit()
        assert not complaint.message.endswith(".")


@pytest.mark.parametrize("name", LINTS)
def test_the_good_example_is_free_of_errors_and_of_this_lint(name: str) -> None:
    found = check(platform_of(examples(name)[1]), today="2026-11-20")

    assert [c for c in found if c.level == "error" or c.code == name] == []


def test_a_complaint_points_at_the_item_of_the_list() -> None:
    text = "platform: p\nservices:\n  a:\n    reads:\n      - b.z\n      - nobody.t\n  b: {publishes: [b.*]}\n"

    (found,) = check(platform_of(text))

    assert (found.line, found.column, found.text) == (6, 9, "nobody.t")


def test_a_warning_is_ignored_by_its_key_and_an_error_is_not() -> None:
    text = (
        "platform: p\nservices:\n  a: {reads: [b.t]}\n  b:\n  c: {schemas: [b]}\n"
        'ignore:\n  - {key: \'read_not_published:a:"b"."t"\', reason: known, until: 2026-12-01}\n'
        "  - {key: 'schema_owned_twice:c:b', reason: no}\n"
    )
    platform = platform_of(text.replace("  c: {schemas: [b]}\n", ""))

    assert check(platform, today="2026-11-20") == ()
    assert {c.code for c in check(platform, today="2027-01-01")} == {"ignore_expired", "read_not_published"}
    assert "schema_owned_twice" in {c.code for c in check(platform_of(text))}


def test_a_lint_shows_the_variable_and_not_its_value() -> None:
    text = "platform: p\nservices:\n  a: {schemas: ['${HIDDEN}']}\n  b: {schemas: ['${HIDDEN}']}\n"

    (found,) = [c for c in check(platform_of(text, {"HIDDEN": "geheim"})) if c.code == "schema_owned_twice"]

    assert "geheim" not in repr(found)
    assert "${HIDDEN}" in found.message


def test_a_value_inside_a_longer_name_is_not_shown_either() -> None:
    text = "platform: '${LONG}'\nservices:\n  a: {reads: ['${TABLE}']}\n"

    found = check(platform_of(text, {"LONG": "ge-heim" * 9, "TABLE": "geheim.tief"}))

    assert {c.code for c in found} == {"name_too_long", "undeclared_crossing"}
    assert not any(word in repr(found) for word in ("ge-heim", "ge_heim", "geheim", "tief"))


@pytest.mark.parametrize(
    "line",
    [
        "server: postgresql://u:hunter2secret@h/d",
        "server: postgresql://u:${X:-hunter2secret}@h/d",
        "server: postgresql://h/d?user=a&password=hunter2secret",
        "settings: {app.api_token: hunter2secret}",
        "settings: {primary_conninfo: 'host=h password=hunter2secret'}",
    ],
)
def test_a_secret_in_the_file_is_found_and_not_repeated(line: str) -> None:
    found = [c for c in check(platform_of(f"platform: p\n{line}\nservices:\n  a:\n")) if c.code == "secret_in_file"]

    assert len(found) == 1
    assert "hunter2secret" not in repr(found)
    assert found[0].line == 2


@pytest.mark.parametrize(
    "line",
    [
        "server: env:URL",
        "server: postgresql://u:${PW}@h/d",
        "server: postgresql://u@h/d",
        "settings: {a.token: env:PW}",
    ],
)
def test_a_secret_from_the_environment_is_fine(line: str) -> None:
    environment = {"URL": "postgresql://u:geheim@h/d", "PW": "geheim"}

    assert check(platform_of(f"platform: p\n{line}\nservices:\n  a:\n", environment)) == ()


def test_a_long_name_counts_bytes_and_not_letters() -> None:
    fits, cut = "é" * 31, "é" * 32
    text = "platform: p\nservices:\n  a: {schemas: ['%s']}\n"

    assert check(platform_of(text % fits)) == ()
    assert [c.code for c in check(platform_of(text % cut))] == ["name_too_long"]


def test_services_that_only_differ_in_a_hyphen_of_the_group_clash() -> None:
    text = "platform: p\nlayout: groups\ngroups: {a-b: [x]}\nservices:\n  x:\n  a_b:\n"

    assert [c.code for c in check(platform_of(text))] == ["slug_clash"]


def test_a_setting_of_the_only_server_is_pointed_at() -> None:
    text = "platform: p\nserver:\n  settings:\n    work_memm: 8MB\nservices:\n  a:\n"

    (found,) = check(platform_of(text))

    assert (found.code, found.line, found.hint) == ("unknown_setting", 4, 'Did you mean "work_mem"?')
