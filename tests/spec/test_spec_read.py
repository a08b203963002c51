"""Reading a declaration: every form, every complaint with its place, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_support import complaints_of, platform_of

from freehold.errors import Complaint, DeclarationError
from freehold.spec.model import (
    Layout,
    Limits,
    Mark,
    Migrations,
    Platform,
    Pool,
    Profile,
    Reference,
    ServerKind,
    TableName,
)  # fmt: skip
from freehold.spec.names import dotted, parts_of
from freehold.spec.read import read

FULL = (Path(__file__).parent / "full.yaml").read_text()
URL = {"LEDGER_URL": "postgresql://u:geheim@h/d"}


def test_the_full_form_is_read() -> None:
    platform = platform_of(FULL, URL)
    users = platform.service("users")

    assert (platform.name, platform.layout) == ("treum", Layout.DATABASE_PER_SERVICE)
    assert [(s.name, s.kind, s.port) for s in platform.servers] == [
        ("ledger", ServerKind.URL, None), ("main", ServerKind.EMBEDDED, None), ("old", ServerKind.BINARIES, 5499),
    ]  # fmt: skip
    assert platform.servers[0].url == URL["LEDGER_URL"]
    assert platform.groups == (("financial", ("risk", "trading")),)
    assert [service.name for service in platform.services] == ["geo", "market_data", "risk", "trading", "users"]
    assert platform.service("risk").schemas == ("risk",)
    assert users.schemas == ("users", "audit")
    assert users.adopts == (TableName("public", "auth_*"), TableName("public", "users"))
    assert users.migrations == Migrations(folder="migrations/users")
    assert users.profile is Profile.OLTP
    assert users.settings == (("synchronous_commit", "off"), ("work_mem", "16MB"))
    assert users.pool == Pool(size=20)
    assert users.reads == (TableName("market_data", "*"), TableName("trading", "orders"))
    assert users.references == (
        Reference(TableName("users", "account"), ("country_id",), TableName("geo", "country"), ("id",)),
    )
    assert users.limits == Limits(30, 30_000, 60_000, 5_000, 2**30)
    assert users.classification == ("gdpr", "pci")
    assert platform.ignores[0].until == "2027-01-01"
    assert platform.marks["services.users.pool"] == Mark("freehold.yaml", 18, 11)


def test_order_in_the_file_means_nothing() -> None:
    one = platform_of("platform: p\nservices:\n  a: {reads: [b.x, b.y]}\n  b:\n")
    two = platform_of("services:\n  b:\n  a: {reads: [b.y, b.x]}\nplatform: p\n")

    assert one == two


@pytest.mark.parametrize(
    ("line", "where", "message", "hint"),
    [
        ("layuot: central", (2, 1), 'unknown key "layuot"', 'Did you mean "layout"?'),
        ("layout: centrl", (2, 9), "is not one of", 'Did you mean "central"?'),
        ("server: embeded", (2, 9), "is not a server", 'Did you mean "embedded"?'),
        ("server: mysql://h/d", (2, 9), "does not start with postgresql://", "Write postgresql://"),
        ("server: postgresql://h:x/d", (2, 9), "cannot be read", "Write postgresql://"),
        ("server: {url: postgresql://h/d, port: 5}", (2, 1), "url has port", "The URL says"),
        ("services: {a: {port: 0}}", (2, 22), "is not between 1 and 65535", "Write a port"),
        ("services: {a: {port: 70000}}", (2, 22), "is not between", "Write a port"),
        ("services: {a: {port: 1_000}}", (2, 22), "is not a whole number", "Write a port"),
        ("services: {a: {port: 1:30}}", (2, 22), "is not a whole number", "Write a port"),
        ("services: {a: {port: 0x10}}", (2, 22), "is not a whole number", "Write a port"),
        ("services: {a: {port: 010}}", (2, 22), "is not a whole number", "Write a port"),
        ("services: {a: {pool: {size: 5, mod: x}}}", (2, 32), 'unknown key "mod"', 'Did you mean "mode"?'),
        ("services: {a: {pool: {port: 5}}}", (2, 16), '"size" is missing', "Add size"),
        ("services: {a: {schemas: [no]}}", (2, 26), "reads as true or false", 'Quote it: "no".'),
        ("services: {a: {schemas: [12]}}", (2, 26), "reads as a number", 'Quote it: "12".'),
        ("services: {a: {schemas: [2020-01-01]}}", (2, 26), "reads as a date", "Quote it"),
        ("services: {a: {schemas: }}", (2, 16), "schemas has no value", "Write []"),
        ("services: {a: {schemas: a}}", (2, 25), "a list is expected", "Write [a]."),
        ("services: {a: {schemas: [a, a]}}", (2, 16), "the same thing twice", "Remove"),
        ("services: {12: {}}", (2, 12), "reads as a number", 'Quote it: "12".'),
        ("services: [a]", (2, 1), "a mapping is expected", "Write key: value"),
        ("services: {a: [b]}", (2, 12), "a mapping is expected", "Write key: value"),
        ("services: {a: {limits: {statement_timeout: 30}}}", (2, 44), "is not a duration", "as 30s"),
        ("services: {a: {limits: {temp_file: 3 parsecs}}}", (2, 36), "is not a size", "as 16MB"),
        ("services: {a: {reads: [account]}}", (2, 24), "is not a table", "Write schema.table"),
        ("services: {a: {tables: ['a.*']}}", (2, 25), "no single table", "Write schema.table"),
        ("services: {a: {references: [{from: a.b(c), to: b.c}]}}", (2, 48), "table with columns", "Write schema"),
        ('services: {a: {references: [{from: "a.b(c,d)", to: b.c(e)}]}}', (2, 29), "numbers of columns", "Name as"),
        ("services: {a: {migrations: {folder: a, command: b}}}", (2, 16), "only one", "Keep one"),
        ("services: {a: {settings: {x: [1]}}}", (2, 27), "one value is expected", "Write one value"),
        ("ignore: [{key: k, reason: r, until: soon}]", (2, 37), "is not a day", "2027-01-31"),
        ("platform: q", (2, 1), "written twice, first in line 1", "Keep one"),
        ("services: {a: {pool: 1, pool: 2}}", (2, 25), "written twice", "Keep one"),
        ("services: {a: ${X}}", (2, 16), "not YAML", "quote a value with ${...}"),
        ("server: ${X}", (2, 9), 'environment variable "X" is not set', "Set it"),
        ("server: env:X", (2, 9), 'environment variable "X" is not set', "Set it"),
        ("layout: '${1}'", (2, 9), "names no variable", "Write ${NAME}"),
        ("server: embedded\nservers: {a: embedded}", (1, 1), "both server and servers", "Keep one"),
        ("services:\n\ta: {}", (3, 1), "not YAML", "spaces"),
        ("layout: 'central", (2, 9), "not YAML", "Close the quote"),
        ("--- \nb: 1", (2, 1), "not YAML", "one document"),
        ("services: *x", (2, 11), "not YAML", "Define the anchor"),
        ("services: !!python/name:os.system {}", (2, 11), "is not accepted", "Leave out the tag"),
        ("services: &x {a: *x}", (2, 15), "contains itself", "Remove the alias"),
        ("? [a]\n: b", (2, 3), "a key must be a name", "Write a plain word"),
        ('layout: "a\\0b"', (2, 9), "holds a NUL", "remove it"),
        ("include: nowhere/*.yaml", (2, 10), "names no file", "Write a path"),
        ("include: nothing.yaml", (2, 10), "cannot be read", "Check the path"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(
    line: str, where: tuple[int, int], message: str, hint: str
) -> None:
    found = complaints_of(f"platform: p\n{line}\n")

    match = [c for c in found if message in c.message]
    assert match, found
    assert (match[0].line, match[0].column) == where
    assert hint in match[0].hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"), ("# only\n", "empty"), ("just text", "not_a_mapping"), ("[a]", "not_a_mapping"),
        ("a: \x01", "not_yaml"), ("a: \ud800", "not_yaml"), ("[" * 100_000, "not_yaml"), ("- " * 50_000, "not_yaml"),
        ("{" * 100_000, "not_yaml"), ("x: " + "y" * 8_000_001, "not_yaml"), ("null", "not_a_mapping"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_declaration_gets_one_complaint(text: str, code: str) -> None:
    assert [c.code for c in complaints_of(text)][:1] == [code]


def test_an_alias_bomb_is_refused_and_cheap() -> None:
    bomb = "platform: p\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )

    assert "aliases repeat" in " ".join(c.message for c in complaints_of(bomb))


def test_anchors_and_merge_keys_are_read() -> None:
    platform = platform_of(
        "platform: p\nservices:\n  a: &a {pool: 5, profile: oltp}\n  b: {<<: *a, pool: 7}\n  c: *a\n"
    )

    assert [(s.name, s.pool, s.profile.value) for s in platform.services] == [
        ("a", Pool(5), "oltp"), ("b", Pool(7), "oltp"), ("c", Pool(5), "oltp"),
    ]  # fmt: skip


def test_all_complaints_are_reported_in_file_order() -> None:
    found = complaints_of("platform: p\nlayout: x\nserver: y\nservices:\n  a: {port: z, pol: 1}\n  b: {reads: c}\n")

    assert [c.line for c in found] == [2, 3, 5, 5, 6]


def test_variables_are_filled_in() -> None:
    text = "platform: ${P}\nserver: env:URL\nservices:\n  a: {port: '${N:-5000}', settings: {x: 'a$$b ${P}-$c'}}\n"

    platform = platform_of(text, {"P": "shop", "URL": "postgres://h/d"})

    assert (platform.name, platform.servers[0].url) == ("shop", "postgres://h/d")
    assert platform.service("a").port == 5000
    assert platform.service("a").settings == (("x", "a$b shop-$c"),)


@pytest.mark.parametrize(
    "line",
    ["server: env:S", "layout: ${S}", "services: {a: {port: '${S}'}}", "services: {a: {reads: ['${S}']}}",
     "services: {a: {limits: {temp_file: '${S}'}}}", "ignore: [{key: a, reason: b, until: '${S}'}]",
     "services: {a: {references: [{from: '${S}', to: '${S}'}]}}", "include: '${S}'", "services: '${S}'",
     "services: {a: {pool: '${S}'}}", "services: {a: {limits: '${S}'}}", "services: {a: {profile: '${S}'}}"],
)  # fmt: skip
def test_a_value_of_the_environment_is_never_shown(line: str) -> None:
    found = complaints_of(f"platform: p\n{line}\n", {"S": "geheim hunter2"})

    assert "geheim" not in repr(found)
    assert "S" in found[0].text + found[0].message


def test_a_password_in_the_file_is_not_repeated_by_a_complaint() -> None:
    found = complaints_of("platform: p\nserver: mysql://u:hunter2@h/d\n")

    assert "hunter2" not in repr(found)


def test_services_are_included_one_a_file_or_many() -> None:
    text = "platform: p\ninclude: [services/*.yaml, more.yaml]\nservices:\n  a:\n"
    files = {
        "services/users.yaml": "pool: 5\n", "services/geo.yaml": "# nothing\n", "services/.hidden.yaml": "x",
        "more.yaml": "services:\n  risk: {pool: 7}\n",
    }  # fmt: skip

    platform = platform_of(text, files=files)

    assert [s.name for s in platform.services] == ["a", "geo", "risk", "users"]
    assert platform.marks["services.users.pool"] == Mark("services/users.yaml", 1, 7)
    assert platform.marks["services.risk.pool"] == Mark("more.yaml", 2, 16)


def test_complaints_of_an_included_file_carry_its_name() -> None:
    text = "platform: p\ninclude: services/*.yaml\nservices:\n  users:\n"
    files = {
        "services/a.yaml": "pol: 5\n", "services/b.yaml": "services: {users: {}}\nlayout: central\n",
        "services/c.yaml": "[", "services/users.yaml": "pool: 1\n",
    }  # fmt: skip

    found = complaints_of(text, files=files)

    assert [(c.file, c.line, c.code) for c in found] == [
        ("services/a.yaml", 1, "unknown_key"), ("services/b.yaml", 1, "service_twice"),
        ("services/b.yaml", 2, "include"), ("services/c.yaml", 1, "not_yaml"),
        ("services/users.yaml", 1, "service_twice"),
    ]  # fmt: skip


def test_a_file_that_is_not_utf8_or_missing_is_a_complaint() -> None:
    def broken(file: str) -> str:
        return b"platform: p\nx: \xff".decode()

    with pytest.raises(DeclarationError) as caught:
        read("f.yaml", broken, lambda folder: [], {})
    assert (caught.value.complaints[0].code, caught.value.complaints[0].line) == ("not_utf8", 2)

    def missing(file: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(DeclarationError) as caught:
        read("f.yaml", missing, lambda folder: [], {})
    assert "No such file" in caught.value.complaints[0].message


HOSTILE = ['qu"ote', "o'clock", "new\nline", "<img src=x onerror=1>", "😀", "a.b", "é" * 31, "x;DROP", "pool", "\u2028"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_ordinary(name: str) -> None:
    import json

    quoted = json.dumps(name, ensure_ascii=False).replace("\u2028", "\\u2028")
    platform = platform_of(f"platform: p\nservices:\n  {quoted}: {{schemas: [{quoted}], pool: 5}}\n")

    assert platform.services[0].name == name
    assert platform.services[0].schemas == (name,)
    assert platform.marks[dotted("services", name, "pool")].line == 3
    found = complaints_of(f"platform: p\nservices:\n  {quoted}: {{pool: {{siz: 5}}}}\n")
    assert [c.hint for c in found if c.code == "unknown_key"] == ['Did you mean "size"?']


@given(st.lists(st.text(), min_size=1))
def test_a_dotted_path_can_be_taken_apart(parts: list[str]) -> None:
    assert parts_of(dotted(*parts)) == tuple(parts)


PIECES = [
    *("platform: ", "services:", "\n", "  ", "- ", "[", "]", "{", "}", ":", ",", "&a ", "*a", "!!int ", "'", '"', "|"),
    *("${X}", "env:X", "<<: ", "#", "\t", "? ", "null", "pool", "reads", "a.b", "5", "---\n", "%", "@", "\0", "\r"),
    *("\x85", "\ufeff", "…", "include: ", "server: ", "\\u0000", "\\ud800", "~"),
]


def outcome(text: str, environment: dict[str, str]) -> Platform | tuple[Complaint, ...]:
    try:
        return platform_of(text, environment)
    except DeclarationError as error:
        return error.complaints


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_text_yields_a_platform_or_complaints_and_nothing_else(data: st.DataObject) -> None:
    text = FULL
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        piece = data.draw(st.sampled_from(PIECES) | st.text(max_size=4))
        text = text[:at] + piece + text[at + cut :]
    found = outcome(text, URL)

    if not isinstance(found, Platform):
        assert found
        assert all(c.line >= 1 and c.column >= 1 and c.hint and c.message for c in found)
        assert "geheim" not in repr(found)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_yields_a_platform_or_complaints_and_nothing_else(text: str) -> None:
    assert outcome("platform: p\n" + text, {"X": "x"})
