"""Every command on a running platform: documents, exit codes, secrets, plan files, journals."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import jsonschema
import pytest

from freehold.cli.documents import DOCUMENTS, document_schema
from support.command import Desk, Said

ANSWERS: dict[str, tuple[str, ...]] = {
    "up": (),
    "status": (),
    "validate": (),
    "plan": (),
    "apply": ("--yes",),
    "diff": (),
    "prove": ("--attack", "read_tables"),
    "journal": (),
    "doctor": (),
    "schema": (),
    "destroy": ("--dry-run",),
    "url": ("orders",),
}


def valid(said: Said, command: str) -> dict[str, object]:
    document = said.document()
    jsonschema.validate(document, document_schema(command))
    assert document["ok"] is (said.status == 0)
    return document


@pytest.mark.parametrize("command", sorted(ANSWERS))
def test_every_document_is_as_its_schema_says(command: str, shop: Desk) -> None:
    said = shop.run(command, *ANSWERS[command], "--json")
    assert said.status in (0, 2), said.all
    valid(said, command)


def test_a_wrong_document_is_noticed_by_the_schema() -> None:
    for command in DOCUMENTS:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(
                {"schema_version": 1, "command": command, "ok": True, "surprise": 1}, document_schema(command)
            )


def test_no_command_shows_a_secret_that_was_not_asked_for(shop: Desk) -> None:
    secrets = shop.secrets()
    assert len(secrets) > 6
    for command, words in ANSWERS.items():
        if command == "url":
            continue
        for more in ((), ("--json",)):
            said = shop.run(command, *words, *more, env={"FREEHOLD_DEBUG": "1"})
            assert [secret for secret in secrets if secret in said.all] == [], command


def test_url_prints_the_secret_that_was_asked_for_and_nothing_else(shop: Desk) -> None:
    said = shop.run("url", "orders")
    assert said.status == 0
    assert said.err == ""
    assert shop.psql(said.out.strip(), "SELECT current_user") == [("shop_orders_app",)]
    ro = shop.run("url", "orders", "--role", "ro").out.strip()
    assert shop.psql(ro, "SELECT current_user") == [("shop_orders_ro",)]
    admin = shop.run("url", "--admin", "main").out.strip()
    assert shop.psql(admin, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(True,)]


def test_the_owner_url_acts_as_the_owner_for_an_hour_and_goes_with_the_next_apply(shop: Desk) -> None:
    import psycopg

    said = shop.run("url", "orders", "--role", "owner", "--json")
    url = str(said.document()["url"])
    assert shop.psql(url, "SELECT current_user, session_user") == [("shop_orders_owner", "shop_orders_deploy")]
    lifetime = "SELECT rolvaliduntil - now() BETWEEN '59 min' AND '61 min' FROM pg_roles WHERE rolname = session_user"
    assert shop.psql(url, lifetime) == [(True,)]
    again = shop.run("url", "orders", "--role", "owner").out.strip()
    assert shop.psql(again, "SELECT 1") == [(1,)]
    with pytest.raises(psycopg.OperationalError):
        shop.psql(url, "SELECT 1")
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 3")
    assert shop.run("apply", "--yes").status == 0
    assert shop.psql(admin, "SELECT count(*) FROM pg_roles WHERE rolname = 'shop_orders_deploy'") == [(0,)]


def test_url_refuses_what_does_not_exist(shop: Desk) -> None:
    assert 'no service "nobody"' in shop.run("url", "nobody").err
    assert 'Did you mean "orders"?' in shop.run("url", "order").err
    assert 'no instance "other"' in shop.run("url", "--admin", "other").err
    assert shop.run("url").status == 1


def test_a_second_up_has_nothing_to_do(shop: Desk) -> None:
    said = shop.run("up", "--json")
    assert said.status == 0
    document = valid(said, "up")
    assert document["apply"] == {
        "applied": 0,
        "failed": 0,
        "journal_id": "",
        "summary": {"create": 0, "alter": 0, "drop": 0},
        "restart_pending": [],
    }
    assert "nothing to do" in shop.run("up").out


def test_env_files_are_private_and_connect(shop: Desk) -> None:
    path = shop.folder / ".freehold" / "env" / "orders.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    url = re.search(r"^DATABASE_URL='?([^'\n]+)'?$", path.read_text(), re.MULTILINE)
    assert url is not None
    assert shop.psql(url[1], "SELECT current_user") == [("shop_orders_app",)]


def test_drift_is_pending_until_it_is_applied(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 1")
    assert shop.run("plan").status == 2
    assert shop.run("diff").status == 2
    status = shop.run("status", "--json")
    assert status.status == 2
    services = status.document()["services"]
    assert isinstance(services, list)
    assert {service["name"]: service["drift"] for service in services} == {"orders": 1, "billing": 0}
    dry = shop.run("apply", "--dry-run", "--json")
    assert dry.status == 2
    assert dry.document()["applied"] == 0
    refused = shop.run("apply")
    assert refused.status == 1
    assert "--yes" in refused.err
    applied = shop.run("apply", "--yes", "--json")
    assert applied.status == 0, applied.all
    assert valid(applied, "apply")["applied"] == 1
    assert shop.run("plan").status == 0
    assert shop.run("diff").status == 0


def test_undeclared_grants_are_shown_and_only_removed_when_told(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "GRANT shop_orders_owner TO shop_billing_app")
    seen = shop.run("diff")
    assert seen.status == 2
    assert "shop_billing_app" in seen.out
    assert shop.run("apply", "--yes").status == 0
    assert shop.run("diff").status == 2
    assert shop.run("apply", "--authoritative", "--allow-destroy", "--yes").status == 0
    assert shop.run("diff").status == 0


def test_a_plan_file_is_applied_exactly_and_refused_when_stale(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 2")
    assert shop.run("plan", "-o", "plan.json").status == 2
    shop.psql(admin, "ALTER ROLE shop_billing_app CONNECTION LIMIT 2")
    stale = shop.run("apply", "plan.json")
    assert stale.status == 1
    assert "servers were changed" in stale.err
    assert shop.run("plan", "--service", "orders", "-o", "plan.json").status == 2
    applied = shop.run("apply", "plan.json", "--json")
    assert applied.status == 0, applied.all
    assert applied.document()["applied"] == 1
    assert shop.run("plan", "-o", "plan.json").status == 2
    assert shop.run("apply", "plan.json").status == 0
    tampered = json.loads((shop.folder / "plan.json").read_text())
    tampered["changes"][0]["sql"] = ["DROP TABLE x;"]
    (shop.folder / "plan.json").write_text(json.dumps(tampered))
    assert shop.run("apply", "plan.json").status == 1
    (shop.folder / "plan.json").write_text("{}")
    assert "not a plan file" in shop.run("apply", "plan.json").err
    assert shop.run("apply", "no-such-plan").status == 1


def test_the_script_is_what_psql_can_run(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 4")
    script = shop.run("plan", "--sql").out
    assert 'ALTER ROLE "shop_orders_app"' in script
    statements = "\n".join(line for line in script.splitlines() if not line.startswith(("--", "\\")))
    shop.psql(admin, statements)
    assert shop.run("plan").status == 0


def test_the_journal_tells_who_did_what(shop: Desk) -> None:
    runs = shop.run("journal", "--json").document()["runs"]
    assert isinstance(runs, list)
    first = runs[-1]
    assert first["failed"] == first["unfinished"] == 0
    assert first["done"] > 20
    steps = valid(shop.run("journal", "--run", first["run"], "--json"), "journal")["runs"]
    assert isinstance(steps, list)
    assert len(steps) == first["done"]
    assert {step["database"] for step in steps} >= {"shop_orders", "shop_billing"}
    assert shop.run("journal", "--run", "nonsense").status == 1


def test_prove_writes_a_page_and_fails_on_what_it_is_told(shop: Desk) -> None:
    said = shop.run("prove", "--html", "proof.html", "--json")
    assert said.status == 0, said.all
    assert valid(said, "prove")["passed"] is True
    page = (shop.folder / "proof.html").read_text()
    assert page.lower().startswith("<!doctype html")
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "GRANT shop_orders_owner TO shop_billing_app")
    try:
        broken = shop.run("prove", "--json")
        assert broken.status == 2
        assert broken.document()["violations"]
        assert shop.run("prove", "--fail-on", "none").status == 0
    finally:
        shop.psql(admin, "REVOKE shop_orders_owner FROM shop_billing_app")
    assert shop.run("prove", "--attack", "no_such_attack").status == 1


def test_colour_appears_on_a_terminal_only_and_never_with_no_color(shop: Desk) -> None:
    assert "\x1b[" not in shop.run("status").all
    assert "\x1b[" in shop.on_terminal(["status"]).out
    plain = shop.run("status", env={"NO_COLOR": "1", "FORCE_COLOR": "1"})
    assert "\x1b[3" not in plain.all


def test_a_narrow_terminal_can_be_read(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 3")
    run = json.loads(shop.run("journal", "--json").out)["runs"][0]["run"]
    data = str(shop.data)
    for columns in (40, 80):
        for words, name in ((["status"], data), (["journal"], run), (["plan"], "main")):
            said = re.sub(r"\x1b\[[0-9;]*[mKA-H]", "", shop.on_terminal(words, columns=columns).out)
            assert name in said, said
            # sentences are wrapped by the terminal itself, which keeps them whole when they are copied
            lines = [
                line for line in said.splitlines() if not line.startswith(("!", "✓", "plan:", "next:", "freehold"))
            ]
            assert [line for line in lines if len(line) > columns and len(line.split()) > 2] == [], said
            # a column of one or two letters is what a squeezed table looks like
            assert [line for line in lines if 0 < len(line.strip()) < 3] == [], said
    assert shop.run("apply", "--yes").status == 0


def test_a_terminal_is_asked_and_no_means_no(shop: Desk) -> None:
    admin = shop.run("url", "--admin", "main").out.strip()
    shop.psql(admin, "ALTER ROLE shop_orders_app CONNECTION LIMIT 5")
    refused = shop.on_terminal(["apply"], answer="n")
    assert "Make these changes?" in refused.out
    assert refused.status == 1
    assert shop.run("plan").status == 2
    agreed = shop.on_terminal(["apply"], answer="y")
    assert agreed.status == 0, agreed.out
    assert shop.run("plan").status == 0


def test_purge_and_destroy_ask_for_the_name(shop: Desk) -> None:
    assert shop.run("down", "--purge").status == 1
    wrong = shop.run("down", "--purge", "--confirm", "other")
    assert wrong.status == 1
    assert "Nothing was changed" in wrong.err
    assert shop.run("destroy").status == 1
    assert shop.run("destroy", "--allow-destroy").status == 1
    assert shop.run("destroy", "--allow-destroy", "--confirm", "other").status == 1
    assert shop.run("status").status == 0


def test_a_proof_with_an_instance_that_does_not_answer_is_exit_code_3_and_proves_the_rest(shop: Desk) -> None:
    path = shop.folder / "freehold.yaml"
    kept = path.read_text()
    far = '  main: embedded\n  far: {url: "postgresql://nobody@127.0.0.1:1/postgres"}\n'
    path.write_text(kept.replace("  main: embedded\n", far) + "  away: {instance: far}\n")
    try:
        said = shop.run("prove", "--json")
    finally:
        path.write_text(kept)
    document = valid(said, "prove")

    assert said.status == 3, said.all
    assert document["unreachable"] == ["far"]
    assert document["violations"] == []
    matrix = document["matrix"]
    assert isinstance(matrix, list)
    verdicts = {(cell["actor"], cell["target"]): cell["verdict"] for cell in matrix}
    assert {verdict for pair, verdict in verdicts.items() if "away" in pair} == {"unknown"}
    assert verdicts["orders", "billing"] != "unknown"
    assert shop.run("prove").status == 0


def test_connections_are_taken_only_when_asked_for(shop: Desk) -> None:
    without = valid(shop.run("prove", "--attack", "exhaust_connections", "--json"), "prove")
    asked = valid(shop.run("prove", "--attack", "exhaust_connections", "--exhaust", "--json"), "prove")

    assert without["by_attack"]["exhaust_connections"]["held"] == 0  # type: ignore[index]
    assert asked["by_attack"]["exhaust_connections"]["held"] > 20  # type: ignore[index]
    assert asked["passed"] is True


def test_destroy_drops_and_up_brings_it_back(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    gone = bench.run("destroy", "--allow-destroy", "--confirm", "shop", "--json")
    assert gone.status == 0, gone.all
    valid(gone, "destroy")
    admin = bench.run("url", "--admin", "main").out.strip()
    assert bench.psql(admin, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'shop%'") == [(0,)]
    assert bench.psql(admin, "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'") == [(0,)]
    assert bench.run("up").status == 0


def test_down_then_down_again(bench: Desk) -> None:
    bench.run("init")
    assert bench.run("up", "--no-prove").status == 0
    first = bench.run("down", "--json")
    assert valid(first, "down")["stopped"] == ["main"]
    second = bench.run("down", "--json")
    assert valid(second, "down")["stopped"] == []
    assert bench.run("status").status == 3
    assert bench.run("plan").status == 3
    assert bench.run("down", "--purge", "--confirm", "shop").status == 0
    assert not (bench.folder / ".freehold").exists()
    assert not any(Path(bench.data).rglob("PG_VERSION"))
