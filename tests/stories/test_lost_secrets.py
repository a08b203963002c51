"""The secrets file is lost: nobody is locked out, and nothing but passwords is new."""

from __future__ import annotations

import shutil

from support.command import desk

DECLARATION = "platform: shop\nserver: embedded\nservices:\n  orders:\n"


def test_lost_secrets_are_replaced_and_the_data_stays() -> None:
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION)
        assert found.run("up", "--no-prove", timeout_s=300).status == 0
        admin = found.run("url", "--admin", "main").out.strip().replace("/postgres?", "/shop_orders?")
        found.psql(admin, "CREATE TABLE orders.kept AS SELECT 7 AS it")
        shutil.rmtree(found.folder / ".freehold")

        told = found.run("up", timeout_s=300)
        assert told.status == 1, told.all
        assert "freehold down" in told.err
        assert found.run("down").status == 0
        again = found.run("up", timeout_s=300)

        assert again.status == 0, again.all
        app = found.run("url", "orders").out.strip()
        assert found.psql(app, "SELECT it FROM orders.kept") == [(7,)]
