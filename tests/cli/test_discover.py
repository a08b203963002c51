"""``freehold discover`` and ``freehold init --from`` as a person runs them."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import jsonschema
import pytest

from support.command import Desk
from support.repository import files_of

SHOP = """
=== compose.yaml
services:
  db:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: "Zq8#secret-of-nobody"}
    volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
  orders-service:
    build: ./services/orders
    environment: {DATABASE_URL: "postgresql://orders:Hw3-other-secret@db/orders"}
  billing:
    build: ./services/billing
    environment: {DB_HOST: db, DB_NAME: billing, DB_USER: billing}
=== init.sql
CREATE DATABASE orders;
CREATE ROLE orders LOGIN PASSWORD 'Hw3-other-secret';
=== services/orders/package.json
{}
=== services/orders/migrations/001_init.sql
CREATE TABLE purchase (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL);
CREATE TABLE purchase_line (id bigint PRIMARY KEY, purchase_id bigint REFERENCES purchase);
=== services/billing/pyproject.toml
[project]
=== services/billing/migrations/001_init.sql
CREATE SCHEMA invoicing;
CREATE TABLE invoicing.invoice (id bigint PRIMARY KEY);
"""


@pytest.fixture
def repository(bench: Desk) -> Path:
    folder = bench.folder / "the shop's repository"
    for path, content in files_of(SHOP).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def test_the_document_is_of_its_schema_and_says_who_uses_what(bench: Desk, repository: Path) -> None:
    said = bench.run("discover", repository, "--json")
    assert said.status == 2, said.all
    document = said.document()
    schema = Path(__file__).parents[2] / "docs" / "schemas" / "discover.json"
    jsonschema.validate(document, json.loads(schema.read_text()))
    services = {s["name"]: (s["databases"], s["schemas"], s["tables"]) for s in document["services"]}  # type: ignore[union-attr, index]
    assert services == {
        "billing": (["billing"], ["invoicing"], ["invoicing.invoice"]),
        "orders-service": (["orders"], [], ["purchase", "purchase_line"]),
    }
    findings = {(f["code"], f["object"]) for f in document["findings"]}  # type: ignore[union-attr, index]
    assert ("never_created", 'database "billing"') in findings
    assert ("secret_in_repository", 'file "compose.yaml"') in findings
    assert document["recommendation"]["layout"]  # type: ignore[index, call-overload]


def test_no_answer_shows_a_secret_of_the_repository(bench: Desk, repository: Path) -> None:
    page, log = bench.folder / "page.html", bench.folder / "log.sarif"
    said = bench.run("discover", repository, "--html", page, "--sarif", log)
    everything = said.all + page.read_text() + log.read_text() + bench.run("discover", repository, "--json").all
    assert "orders-service" in everything
    for secret in ("Zq8#secret", "secret-of-nobody", "Hw3-other", "other-secret"):
        assert secret not in everything


def test_the_log_for_code_review_names_rules_lines_and_levels(bench: Desk, repository: Path) -> None:
    log = bench.folder / "log.sarif"
    bench.run("discover", repository, "--sarif", log)
    document = json.loads(log.read_text())
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert "never_created" in rules
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        [place] = [location["physicalLocation"] for location in result["locations"]]
        assert (repository / place["artifactLocation"]["uri"]).is_file()
        assert place["region"]["startLine"] >= 1


def test_what_is_found_becomes_a_declaration_that_comes_up_and_takes_the_migrations(
    bench: Desk, repository: Path
) -> None:
    said = bench.run("init", "--from", repository, "--name", "shop")
    assert said.status == 0, said.all
    text = (bench.folder / "freehold.yaml").read_text()
    guesses = [line for line in text.splitlines() if re.match(r"\s+(schemas|database):", line)]
    assert guesses
    assert all("# guess" in line for line in guesses)
    assert "compose.yaml:" in text
    assert bench.run("validate").status == 0
    # the schema that the migration makes is declared, so it is there already
    script = repository / "services" / "billing" / "migrations" / "001_init.sql"
    script.write_text(script.read_text().replace("CREATE SCHEMA invoicing;", ""))
    for service, folder in (("orders-service", "orders"), ("billing", "billing")):
        where = repository / "services" / folder / "migrations"
        text = re.sub(rf"(?m)^(  {service}:.*)$", rf'\1\n    migrations: "{where}"', text)
    (bench.folder / "freehold.yaml").write_text(text)
    up = bench.run("up")
    assert up.status == 0, up.all
    assert "proved" in up.out
    url = bench.run("url", "orders-service").out.strip()
    assert bench.psql(url, "SELECT count(*) FROM purchase_line") == [(0,)]


def test_a_declaration_that_is_there_is_not_overwritten(bench: Desk, repository: Path) -> None:
    (bench.folder / "freehold.yaml").write_text("mine\n")
    said = bench.run("init", "--from", repository)
    assert said.status == 1
    assert "exists already" in said.err
    assert (bench.folder / "freehold.yaml").read_text() == "mine\n"


def test_a_folder_without_databases_makes_no_declaration(bench: Desk) -> None:
    (bench.folder / "empty").mkdir()
    assert bench.run("discover", bench.folder / "empty").status == 0
    said = bench.run("init", "--from", bench.folder / "empty")
    assert said.status == 1
    assert "no service in it uses PostgreSQL" in said.err
    assert not (bench.folder / "freehold.yaml").exists()


def test_a_folder_that_is_not_there_is_named(bench: Desk) -> None:
    said = bench.run("discover", "nowhere")
    assert said.status == 1
    assert '"nowhere" cannot be read' in said.err


@pytest.mark.parametrize("words", ["discover", "init"])
def test_an_interrupted_discovery_ends_cleanly_and_leaves_no_file(words: str, bench: Desk) -> None:
    folder, into = bench.folder / "big", bench.folder / "into"
    folder.mkdir()
    into.mkdir()
    # enough for many seconds of the parser
    table = "CREATE TABLE t{} (id int PRIMARY KEY, a text, b text);"
    (folder / "a.sql").write_text("\n".join(map(table.format, range(100_000))))
    asked = {
        "discover": ("discover", folder, "--html", into / "a.html", "--sarif", into / "a.sarif"),
        "init": ("init", "--from", folder, "--into", into),
    }[words]
    process = bench.start(*asked)
    if words == "discover":
        assert process.stdout is not None
        assert "reading" in process.stdout.readline()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT), out
    if process.returncode == 130:
        assert out.strip() == "freehold: interrupted; what is done stays, run the same command again"
    assert list(into.iterdir()) == []
