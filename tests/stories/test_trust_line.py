"""Somebody opens pg_hba.conf by hand: the proof sees it by walking in, and an apply closes it."""

from __future__ import annotations

from support.command import desk

DECLARATION = "platform: shop\nserver: embedded\nlayout: database-per-service\nservices:\n  orders:\n  billing:\n"


def test_a_trust_line_is_walked_through_named_and_closed() -> None:
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION)
        up = found.run("up", timeout_s=300)
        assert up.status == 0, up.all
        admin = found.run("url", "--admin", "main").out.strip()
        hba = next(found.data.rglob("pg_hba.conf"))
        hba.write_text("host all all 127.0.0.1/32 trust\n" + hba.read_text())
        found.psql(admin, "SELECT pg_reload_conf()")

        red = found.run("prove", "--json", timeout_s=300)

        assert red.status == 2, red.all
        violations = red.document()["violations"]
        assert isinstance(violations, list)
        assert "weak_authentication" in {violation["code"] for violation in violations}
        assert "trust" in str(violations)
        assert found.run("apply", "--yes").status == 0
        green = found.run("prove", timeout_s=300)
        assert green.status == 0, green.all
