"""What holds for every exporter, every example and every layout."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from itertools import product

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from freehold.cli.exporting import kinds
from freehold.errors import FreeholdError
from freehold.export.marking import marked, ours, theirs
from freehold.export.model import Export, Network, SecretOf
from freehold.export.names import file, identifier, label
from freehold.export.yamltext import document
from freehold.spec.model import Layout, Platform, Service
from support.examples import SOAK
from support.exporting import PLATFORMS, example, export, hostile
from support.plans import HOSTILE, platform

ALL = sorted(kinds())
QUICK = [*zip(PLATFORMS, Layout, strict=True), *(("treum", layout) for layout in list(Layout)[:-1])]
CASES = list(product(PLATFORMS, Layout)) if SOAK else QUICK
IDS = [f"{name}-{layout.value}" for name, layout in CASES]


def exports(found: Platform) -> dict[str, Export]:
    """Every kind; Prefect only where a service could be one."""
    return {
        kind: export(kind, found)
        for kind in ALL
        if kind != "prefect" or any(not service.schemas for service in found.services)
    }


@pytest.mark.parametrize(("name", "layout"), CASES, ids=IDS)
def test_every_kind_writes_every_example_in_every_layout(name: str, layout: Layout) -> None:
    found = example(name, layout)
    made = exports(found)
    again = exports(replace(found, services=tuple(found.services)))

    assert made == again, "the same declaration gives the same bytes"
    for kind, one in made.items():
        assert one.files, kind
        for path in (*one.files, *one.secrets):
            assert not path.startswith("/"), path
            assert ".." not in path.split("/"), path
        for path, text in one.files.items():
            assert ours(marked(path, text).encode()), path


def test_every_kind_writes_hostile_names_or_says_which_it_cannot() -> None:
    for layout in Layout:
        if layout is not Layout.GROUPS:
            exports(hostile(layout))
    broken = hostile(names=HOSTILE)
    refused = {}
    for kind in ALL:
        try:
            export(kind, broken)
        except FreeholdError as error:
            refused[kind] = error
    # what writes plain values passes; what goes through a file of lines says so
    assert set(refused) == {"docker-compose", "env", "kubernetes", "pgbouncer"}
    for error in refused.values():
        assert "line" in error.message
        assert "break" in error.message
        assert error.hint


def test_no_text_of_an_export_holds_a_secret() -> None:
    made = exports(example("treum", Layout.DATABASE_PER_SERVICE))
    for kind, one in made.items():
        for name, pieces in one.secrets.items():
            assert any(isinstance(piece, SecretOf) for piece in pieces), f"{kind}: {name} holds no secret"
        for path, text in one.files.items():
            assert "SCRAM-SHA-256$" not in text, path
            for key in ("PGPASSWORD=", "password: ", "POSTGRES_PASSWORD:"):
                assert key not in text, f"{path}: {key}"


def test_a_named_service_alone_is_written() -> None:
    found = example("treum", Layout.DATABASE_PER_SERVICE)

    assert set(export("env", found, services=("users",)).files) == {"users.env"}
    assert set(export("pgbouncer", found, services=("users",)).files) == {
        "users/pgbouncer.ini",
        "users/pgbouncer.service",
    }


def test_an_instance_that_nobody_knows_is_refused_here_and_known_on_a_network() -> None:
    found = example("treum", Layout.DATABASE_PER_SERVICE)
    with pytest.raises(FreeholdError, match='where instance "main" listens'):
        kinds()["env"].write(replace(_asked(found), hosts={}, network=Network.HERE))
    assert kinds()["env"].write(replace(_asked(found), hosts={}, network=Network.COMPOSE)).files


def _asked(found: Platform):  # type: ignore[no-untyped-def]
    from support.exporting import asked

    return asked(found)


def test_an_instance_that_no_config_map_can_hold_is_refused() -> None:
    many = platform(*(Service(f"s{number}", (f"s{number}",)) for number in range(400)))
    with pytest.raises(FreeholdError, match="more than a ConfigMap can hold"):
        export("kubernetes", many)


def test_a_prefect_needs_a_service_without_schemas() -> None:
    with pytest.raises(FreeholdError, match="could be a Prefect"):
        export("prefect", platform(Service("users", ("users",))))
    (path, text), *more = export("prefect", hostile()).files.items()
    assert path.endswith("/prefect.toml")
    assert more == []
    assert tomllib.loads(text)["server"]["database"]["name"] == "shop_$x ${y} %{z} #{a}"


def test_a_marked_file_is_ours_until_somebody_changes_it() -> None:
    text = marked("a.yaml", "a: 1\n")

    assert theirs(text.encode()) == ""
    assert theirs(text.replace("a: 1", "a: 2").encode()) == "was changed since Freehold wrote it"
    assert theirs(b"a: 1\n") == "was not written by Freehold"
    assert theirs(b"") == "was not written by Freehold"
    assert theirs(b"\xff\xfe\n") == "was not written by Freehold"


NAMES = st.text(min_size=1, max_size=30).filter(lambda name: "\0" not in name)


@given(st.lists(st.one_of(NAMES, st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True)), unique=True, max_size=20))
def test_different_names_stay_different(names: list[str]) -> None:
    usable = [name for name in names if _unicode(name)]
    for made in ([label(one) for one in usable], [identifier(one) for one in usable], [file(o, "x") for o in usable]):
        assert len(set(made)) == len(usable)
    for name in usable:
        assert label(name).replace("-", "").isalnum()
        assert label(name).isascii()
        assert len(label(name)) <= 40
        assert identifier(name).isidentifier()
        assert identifier(name).isascii()


def test_a_name_that_looks_like_a_made_one_gets_another() -> None:
    assert label(label("a b")) != label("a b")
    assert identifier(identifier("a b")) != identifier("a b")
    assert file(label("a b"), "x") != file("a b", "x")


@given(st.text(max_size=40))
def test_yaml_is_read_back_as_it_was(text: str) -> None:
    if _unicode(text):
        value = {"key": text, "list": [text], "number": 1, "yes": True}
        assert yaml.safe_load(document(value)) == value


@pytest.mark.parametrize("word", ["1e3", "0o17", "0x1F", "y", "on", "NULL", "~", ".5", "1:30", "2026-11-29", "=", "<<"])
def test_yaml_quotes_what_some_reader_takes_for_something_else(word: str) -> None:
    assert document({"key": word}) == f"key: {json.dumps(word)}\n"


def _unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
