"""Every member of every family declares, explains and lists itself; a file that does not fails here."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold import family
from freehold.cli.documentation import FAMILIES, pages
from freehold.plan.model import Step
from freehold.prove.model import Attack
from freehold.spec.model import Layout

DOCS = Path(__file__).parents[1] / "docs"

# PostgreSQL's table-level locks, weakest first, and what is locked otherwise
LOCKS = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE ROW EXCLUSIVE",
    "SHARE",
    "ACCESS EXCLUSIVE",
    "EXCLUSIVE",
)


def of(name: str) -> list[str]:
    package, kind, _ = FAMILIES[name]
    return list(family.members(package, kind))


def step_classes() -> Iterator[type[Step]]:
    for name in of("steps"):
        module = importlib.import_module(f"freehold.plan.steps.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Step) and value.__module__ == module.__name__:
                yield value


EVERY = [(kind, name) for kind in FAMILIES for name in of(kind)]


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=lambda value: str(value))
def test_a_member_explains_itself_in_a_sentence(kind: str, name: str) -> None:
    page = family.page(FAMILIES[kind][0], name)
    first = page.strip().split("\n\n")[0]
    assert first.endswith((".", ":")), first
    assert len(first) > len(name)


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=lambda value: str(value))
def test_a_member_has_its_section_on_the_generated_page(kind: str, name: str) -> None:
    # what a person types is written with hyphens
    shown = name.replace("_", "-") if kind == "exports" else name
    assert f"\n## {shown}\n" in (DOCS / f"{kind}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", of("lints"))
def test_a_lint_says_why_and_shows_a_bad_and_a_good_example(name: str) -> None:
    page = family.page(FAMILIES["lints"][0], name)
    for section in ("Why:", "Bad:", "Good:"):
        assert section in page


@pytest.mark.parametrize(
    "step", list(step_classes()), ids=lambda step: f"{step.__module__.rpartition('.')[2]}.{step.__name__}"
)
def test_a_step_documents_its_lock_and_its_undo(step: type[Step]) -> None:
    if not isinstance(getattr(step, "kind", None), str):
        pytest.fail(f"{step.__name__} names no kind")
    assert step.lock, "a step says which lock it takes, or none"
    page = importlib.import_module(step.__module__).__doc__ or ""
    text = f"{page}\n{step.__doc__ or ''}".lower()
    assert "lock" in text
    assert "undo" in text or "undone" in text


@pytest.mark.parametrize("name", of("attacks"))
def test_an_attack_has_a_title_and_a_number_of_the_catalogue_if_any(name: str) -> None:
    attack = family.members(FAMILIES["attacks"][0], Attack)[name]
    assert attack.title
    assert re.fullmatch(r"(I\d+)?", attack.number)


@pytest.mark.parametrize("name", of("attacks"))
def test_an_attack_names_only_layouts_that_exist(name: str) -> None:
    attack = family.members(FAMILIES["attacks"][0], Attack)[name]
    assert set(attack.prevented_by) <= {layout.value for layout in Layout}


def test_every_layout_word_has_its_file() -> None:
    assert {name.replace("_", "-") for name in of("layouts")} == {layout.value for layout in Layout}


def test_no_two_attacks_have_the_same_title() -> None:
    titles = [attack.title for attack in family.members(FAMILIES["attacks"][0], Attack).values()]
    assert len(set(titles)) == len(titles)


def test_a_misnamed_member_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "badfamily").mkdir()
    (tmp_path / "badfamily" / "__init__.py").write_text('"""A family."""\n')
    (tmp_path / "badfamily" / "lonely.py").write_text('"""Declares nothing."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LookupError, match="lonely"):
        family.members("badfamily", Attack)


def test_the_generated_pages_name_every_family() -> None:
    names = {name for name, _ in pages()}
    assert {f"{kind}.md" for kind in FAMILIES} <= names
