"""``freehold advise`` says which layout serves the declared services, with the lines it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from freehold.cli.documents import document_schema
from support.command import Desk, desk

SHOP = """\
platform: shop
layout: database-per-service
services:
  orders:
    schemas: [orders]
    profile: oltp
    references:
      - {from: orders.line(product), to: catalog.product(id)}
      - {from: orders.line(account), to: users.account(id)}
    reads: [users.profile]
  catalog: {profile: analytics}
  users: {classification: [pci], publishes: [users.profile]}
"""


@pytest.fixture(scope="module")
def one() -> Iterator[Desk]:
    """A desk for the whole file: each test writes its declaration anew."""
    with desk() as found:
        yield found


def write(place: Desk, text: str) -> Path:
    path = place.folder / "freehold.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def advice(place: Desk, *words: str) -> dict[str, object]:
    said = place.run("advise", "--json", *words)
    assert said.status == 0, said.all
    document = said.document()
    Draft202012Validator(document_schema("advise")).validate(document)
    found = document["recommendation"]
    assert isinstance(found, dict)
    return found


def losses(found: dict[str, object], layout: str, criterion: str) -> list[dict[str, object]]:
    scores = found["scores"]
    assert isinstance(scores, list)
    (scored,) = [one for one in scores if one["layout"] == layout]
    (judged,) = [one for one in scored["criteria"] if one["criterion"] == criterion]
    return list(judged["losses"])


def test_each_missing_point_names_its_line(one: Desk) -> None:
    write(one, SHOP)
    found = advice(one)
    cut = losses(found, "database-per-service", "coupling_cut")
    lines = {(str(item["text"]), item["line"]) for loss in cut for item in loss["evidence"]}  # type: ignore[attr-defined]
    assert lines == {
        ('"orders"."line" ("product") refers to "catalog"."product"', 8),
        ('"orders"."line" ("account") refers to "users"."account"', 9),
        ('"orders" reads "users"."profile"', 10),
    }
    assert found["silent"] == {"migration_effort": "nothing stands yet, so nothing must be moved"}
    assert found["unjudged"] == {"groups": "no groups are declared"}


def test_weights_of_the_declaration_and_of_the_command_line_count(one: Desk) -> None:
    write(one, SHOP)
    apart, together = "instance-per-service", {"central", "schema-per-service"}
    assert advice(one, "--weight", "blast_radius=100")["layout"] == apart
    write(one, SHOP + "weights: {cost: 100}\n")
    assert advice(one)["layout"] in together
    assert advice(one, "--weight", "cost=0", "--weight", "blast_radius=100")["layout"] == apart


def test_what_stands_costs_to_be_moved(one: Desk) -> None:
    write(one, SHOP)
    found = advice(one, "--standing")
    assert losses(found, "database-per-service", "migration_effort") == []
    assert losses(found, "instance-per-service", "migration_effort")


def test_a_person_reads_the_answer_and_what_would_change_it(one: Desk) -> None:
    write(one, SHOP)
    said = one.run("advise")
    assert said.status == 0, said.all
    assert "scores best" in said.out
    assert "what would change the answer" in said.out
    assert "freehold.yaml:9" in said.out


def test_wrong_weights_are_refused_where_they_stand(one: Desk) -> None:
    path = write(one, SHOP + "weights: {cots: 3}\n")
    said = one.run("advise")
    assert said.status == 1
    assert f"{path}:13:17: there is no criterion" in said.err
    assert "connection_budget" in said.err
    write(one, SHOP + "weights: {cost: 101}\n")
    assert one.run("advise").status == 1
    write(one, SHOP)
    for wrong in ("cost", "cost=x", "cost=-1", "cots=1"):
        said = one.run("advise", "--weight", wrong)
        assert (said.status, "Traceback" in said.err) == (1, False), wrong
        assert "cots" in said.err or "no weight" in said.err
