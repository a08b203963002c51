"""A table is filled behind every table that its recipe reads, whatever their names and however many go at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.ports import Servers
from freehold.sqltext import raw
from support.filling import Field

pytestmark = pytest.mark.real

TABLES = """
CREATE TABLE zz_in (id bigint PRIMARY KEY, amount int NOT NULL);
CREATE TABLE aa_out (id bigint PRIMARY KEY, amount int NOT NULL);
CREATE FUNCTION covered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF new.amount > (SELECT coalesce(sum(amount), 0) FROM shop.zz_in) THEN RAISE 'nothing came in yet'; END IF;
    RETURN new; END $$;
CREATE TRIGGER covered BEFORE INSERT ON aa_out FOR EACH ROW EXECUTE FUNCTION covered();
"""
RECIPE = """
tables:
  shop.zz_in:
    columns: {id: sequence, amount: {constant: 100}}
  shop.aa_out:
    let:
      funded: {foreign: {to: shop.zz_in(id), once: true}}
    columns: {id: sequence, amount: {expression: "funded.amount"}}
"""


def test_what_a_helper_draws_from_is_there_before(servers: Servers, tmp_path: Path) -> None:
    field = Field(servers, tmp_path, {"shop": TABLES})

    field.seed(RECIPE, rows=4_000, workers=4)

    session = servers.admin("main", "shop_shop")
    assert session.query(raw("SELECT count(*) > 0 FROM shop.aa_out"))[0][0] is True
