"""Only what a proof planted is told by its name."""

from __future__ import annotations

import pytest

from freehold.found.canaries import PREFIX, of_a_proof
from freehold.prove.canary import name_from

NAME = name_from("secret")


@pytest.mark.parametrize(
    "name",
    [NAME, f"{NAME}_id_seq", f"users.{NAME}", f'"we ird".{NAME}()', f"users.{NAME}_id_seq", f"{NAME} on users.{NAME}"],
)
def test_what_a_proof_planted_is_told(name: str) -> None:
    assert of_a_proof(name)


@pytest.mark.parametrize(
    "name",
    ["orders", PREFIX, f"{PREFIX}mine", f"{PREFIX}{'0' * 19}", f"{PREFIX}{'0' * 21}", f"my_{NAME}", NAME.upper()],
)
def test_what_only_looks_like_it_is_not(name: str) -> None:
    assert not of_a_proof(name)
