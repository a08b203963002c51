"""Example platforms brought up in every layout, on every version: what each of them must show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from support.clusters import FOLDERS, VERSIONS
from support.command import Desk, desk

ISOLATING = ("schema-per-service", "database-per-service", "instance-per-service", "groups")
"""Layouts that can isolate: their proof has nothing violated and nothing unknown."""

LAYOUTS = (*ISOLATING, "central")
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"


@dataclass(frozen=True)
class Case:
    """One example in one layout on one version of PostgreSQL."""

    layout: str
    version: int

    def __str__(self) -> str:
        return f"{self.layout}-pg{self.version}"


@dataclass(frozen=True)
class Raised:
    """An example that is up and was seen to be as its declaration says."""

    desk: Desk
    case: Case
    up: Mapping[str, object]

    @property
    def proof(self) -> Mapping[str, object]:
        found = self.up["proof"]
        assert isinstance(found, dict)
        return found

    def url(self, service: str, role: str = "app") -> str:
        """A connection string of a service's login; as the owner it serves for an hour, once."""
        said = self.desk.run("url", service, "--role", role)
        assert said.status == 0, said.all
        return said.out.strip()


def cases(*quick: tuple[str, int]) -> Sequence[object]:
    """Parameters for one example: all layouts on all versions in a soak, the named pairs otherwise.
    Pairs of versions that are not installed are left out, as everywhere in these tests."""
    pairs = [(layout, version) for version in VERSIONS for layout in LAYOUTS] if SOAK or not quick else quick
    return [
        pytest.param(Case(layout, version), id=str(Case(layout, version)))
        for layout, version in pairs
        if version in VERSIONS
    ]


def _plain(node: object) -> object:
    """What BaseLoader made of a document, with keys that have no value as such."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return None if node == "" else node


def _embedded(server: object, version: int) -> object:
    """A declared server as one of this version on a free port; nothing of a server by URL."""
    if isinstance(server, dict):
        assert "url" not in server, "an example brings its own servers"
        kept = {key: value for key, value in server.items() if key not in ("port", "data", "kind", "binaries")}
    else:
        kept = {}
    return {**kept, **({"kind": "embedded"} if version == 18 else {"binaries": str(FOLDERS[version])})}


def redeclare(path: Path, case: Case, groups: Mapping[str, Sequence[str]] | None = None) -> None:
    """Rewrite a declaration for a layout and a version.

    Declared ports may be taken on this machine, so servers get free ones. ``groups`` are added where the example
    declares none of its own."""
    # text stays text: off, 1_000 and 1:30 are what they are
    text = _plain(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader))
    assert isinstance(text, dict)
    text["layout"] = case.layout
    if "servers" in text:
        assert isinstance(text["servers"], dict)
        text["servers"] = {name: _embedded(server, case.version) for name, server in text["servers"].items()}
    else:
        text["server"] = _embedded(text.get("server"), case.version)
    for service in text["services"].values():
        if isinstance(service, dict):
            service.pop("port", None)
    if case.layout == "groups" and not text.get("groups"):
        assert groups, "the layout needs groups"
        text["groups"] = {name: list(members) for name, members in groups.items()}
    path.write_text(yaml.safe_dump(text, sort_keys=False, allow_unicode=True), encoding="utf-8")


@contextmanager
def raised(
    example: str, case: Case, groups: Mapping[str, Sequence[str]] | None = None, prove: bool = True
) -> Iterator[Raised]:
    """The example up: applied from nothing, its next plan empty, proved; down again afterwards.

    In a layout that can isolate nothing is open. ``central`` is proved as well and says what it cannot prevent."""
    with desk() as found:
        said = found.run("init", "--platform", example)
        assert said.status == 0, said.all
        redeclare(found.folder / "freehold.yaml", case, groups)
        up = found.run("up", "--json", *([] if prove else ["--no-prove"]), timeout_s=600)
        assert up.status == 0, up.all
        platform = Raised(found, case, up.document())
        _seen(platform, prove)
        yield platform


def _seen(platform: Raised, prove: bool) -> None:
    """Assert what holds for every example: the version asked for, the layout, an empty plan, a clean proof."""
    instances = platform.up["instances"]
    assert isinstance(instances, list)
    assert {str(one["version"]).split(".")[0] for one in instances} == {str(platform.case.version)}
    applied = platform.up["apply"]
    assert isinstance(applied, dict)
    assert applied["applied"] > 0
    assert applied["failed"] == 0
    plan = platform.desk.run("plan", "--json", timeout_s=300)
    assert plan.status == 0, plan.all
    assert plan.document()["changes"] == []
    if not prove:
        return
    proof = platform.proof
    assert proof["passed"] is True
    assert proof["violations"] == []
    assert proof["unknown"] == []
    attempts = proof["attempts"]
    assert isinstance(attempts, int)
    assert attempts > 0
    limits = proof["limits"]
    assert isinstance(limits, list)
    # one login for all isolates nothing, and the proof says so
    assert ("shared_login" in {limit["code"] for limit in limits}) is (platform.case.layout == "central")
