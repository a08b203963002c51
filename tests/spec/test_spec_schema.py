"""The published JSON Schema accepts what the reader accepts, short forms included, and is current."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from test_spec_lints import examples

from freehold.spec.document import DeclarationForm
from freehold.spec.lints._kind import members
from freehold.spec.reference import page
from freehold.spec.schema import json_schema

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json_schema()


class EditorLoader(yaml.CSafeLoader):
    """Reads as an editor does: YAML 1.2, where off is a word and a day is text."""


EditorLoader.yaml_implicit_resolvers = {
    key: [(tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":bool", ":merge"))]
    for key, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def problems(text: str) -> list[str]:
    data = yaml.load(text, Loader=EditorLoader)
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", members())
def test_every_example_of_a_lint_passes(name: str) -> None:
    for text in examples(name):
        assert problems(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "server: embedded", "server: postgresql://h/d", "server: {binaries: /usr/lib/postgresql/15/bin, port: 5432}",
        "include: services/*.yaml", "include: [a.yaml]", "services: {a: }", "services: {a: {pool: 20}}", "services:",
        "services: {a: {pool: '${N:-5}', port: 'env:P'}}", "services: {a: {migrations: m}}", "services: {a: {reads: }}",
        "services: {a: {schemas: []}}", "settings: {fsync: off, jit: true, max_connections: 50}",
        "services: {a: {limits: {statement_timeout: 0, temp_file: 1GB}}}",
    ],
)  # fmt: skip
def test_short_forms_and_variables_pass(line: str) -> None:
    assert problems(f"platform: p\n{line}\n") == []


def test_the_full_form_passes() -> None:
    assert problems((Path(__file__).parent / "full.yaml").read_text()) == []


@pytest.mark.parametrize(
    "line",
    ["layuot: central", "layout: x", "services: {a: {port: 70000}}", "services: {a: {pool: {siz: 3}}}", "services: [a]",
     "services: {a: {limits: {lock_timeout: 30}}}", "services: {a: {reads: [x]}}"],
)  # fmt: skip
def test_what_the_reader_refuses_is_underlined(line: str) -> None:
    assert problems(f"platform: p\n{line}\n")


def test_the_published_schema_is_current() -> None:
    published = (DOCS / "freehold.schema.json").read_text()

    assert published == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


def test_the_page_of_the_declaration_is_current_and_names_every_key() -> None:
    published = (DOCS / "declaration.md").read_text()

    assert published == page()
    assert all(f"`{name}`" in published for name in DeclarationForm.model_fields)
