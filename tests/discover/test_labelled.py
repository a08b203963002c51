"""Repositories written by others: the edges from service to database that a person found in them, and what is found.

A service is the same under names that differ in case, dots and hyphens. None of their code is here.
FREEHOLD_TEST_SNAPSHOTS names a folder that holds them as ``OWNER+NAME``, each at the commit of its label.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from freehold.discover.places import plain
from freehold.discover.run import discover
from freehold.local import tree

LABELS = Path(__file__).parent / "labelled"
SNAPSHOTS = os.environ.get("FREEHOLD_TEST_SNAPSHOTS", "")
PRECISION_MIN = 0.95
RECALL_MIN = 0.9

Edge = tuple[str, str]


@dataclass(frozen=True)
class Label:
    name: str
    seen: bool
    edges: frozenset[Edge]


def labels() -> list[Label]:
    found = []
    for path in sorted(LABELS.glob("*.yaml")):
        label = yaml.safe_load(path.read_text())
        edges = frozenset((plain(edge["service"]), edge["database"]) for edge in label["edges"])
        found.append(Label(path.stem, label["seen_while_building"], edges))
    return found


def found_in(folder: Path) -> frozenset[Edge]:
    discovery = discover(tree.sources(folder), folder.name.partition("+")[2])
    return frozenset((plain(s.name), database) for s in discovery.services for database in s.databases)


@pytest.mark.parametrize("unseen", [False, True], ids=["all", "not-seen-while-building"])
def test_services_and_their_databases_are_found(unseen: bool) -> None:
    if not SNAPSHOTS:
        pytest.skip("FREEHOLD_TEST_SNAPSHOTS names no folder of snapshots")
    right = wrong = missed = 0
    for label in labels():
        folder = Path(SNAPSHOTS) / label.name
        if (unseen and label.seen) or not folder.is_dir():
            continue
        found = found_in(folder)
        right += len(found & label.edges)
        wrong += len(found - label.edges)
        missed += len(label.edges - found)
        print(f"{label.name}: {len(found & label.edges)} right", end="")
        print(f", wrong {sorted(found - label.edges)}, missed {sorted(label.edges - found)}")
    assert right, "no snapshot is there"
    precision, recall = right / (right + wrong), right / (right + missed)
    print(f"precision {precision:.3f}, recall {recall:.3f}: {right} right, {wrong} wrong, {missed} missed")
    assert precision >= PRECISION_MIN
    assert recall >= RECALL_MIN


def test_every_label_is_whole() -> None:
    found = labels()
    assert len(found) >= 10
    assert len({label.name for label in found}) == len(found)
    for path in LABELS.glob("*.yaml"):
        label = yaml.safe_load(path.read_text())
        assert len(label["commit"]) == 40
        assert path.stem == label["repository"].replace("/", "+")
