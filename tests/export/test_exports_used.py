"""Exported files used as they are meant: psql, SQLAlchemy, Django and PgBouncer against real servers."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from support.command import Desk, Said, desk

BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [pytest.mark.real, pytest.mark.xdist_group("exports")]

ODD = "us'er \\ $HOME `id` \" ü"
DECLARATION = f"""\
platform: shop
layout: database-per-service
{"pooler: pgbouncer" if BOUNCER else ""}
services:
  orders: {{pool: {{size: 2}}}}
  {ODD!r}: {{schemas: [people]}}
""".replace(repr(ODD), "'" + ODD.replace("'", "''") + "'")
WHO = "select current_user, current_database()"


@pytest.fixture(scope="module")
def shop() -> Iterator[Desk]:
    with desk() as place:
        (place.folder / "freehold.yaml").write_text(DECLARATION)
        said = place.run("up", "--no-prove")
        assert said.status == 0, said.all
        yield place


def export(place: Desk, kind: str, *words: str) -> Path:
    """The exported files with their secrets, in a folder of their own."""
    folder = place.folder / "exported" / f"{kind}{len(words)}"
    said = place.run("export", kind, "--output", folder, "--with-secrets", *words)
    assert said.status == 0, said.all
    for path in (path for path in folder.rglob("*") if path.is_file() and "secrets" not in path.parts):
        for secret in secrets(folder):
            assert secret not in path.read_text(), path
    return folder


def secrets(folder: Path) -> list[str]:
    """The passwords that were written."""
    found = [path.read_text().strip() for path in (folder / "secrets").glob("*.password")]
    assert all(found)
    return found


def alone() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("PG", "DJANGO", "PYTHON"))}


def by_env(file: Path, text: str = WHO, url: str = "") -> subprocess.CompletedProcess[str]:
    """psql with nothing but what a shell reads from the file."""
    script = 'set -a; . "$0"; set +a; exec psql -XAtw ' + (f'"${url}" ' if url else "") + '-c "$1"'
    return subprocess.run(
        ["sh", "-c", script, str(file), text], env=alone(), capture_output=True, text=True, check=False, timeout=60
    )


def test_psql_connects_with_nothing_but_an_env_file(shop: Desk) -> None:
    folder = export(shop, "env")
    files = sorted(folder.glob("*.env"))
    assert len(files) == 2

    orders = next(path for path in files if path.name == "orders.env")
    other = next(path for path in files if path != orders)
    for url in ("", "DATABASE_URL", *(["DATABASE_URL_DIRECT"] if BOUNCER else [])):
        said = by_env(orders, url=url)
        assert said.returncode == 0, said.stderr
        user, _, database = said.stdout.strip().partition("|")
        assert (user, database) == ("shop_orders_app", "shop_orders")
    assert by_env(orders, url="DATABASE_URL_RO").stdout.startswith("shop_orders_ro|")
    for url in ("DATABASE_URL", "DATABASE_URL_RO"):
        said = by_env(other, url=url)
        assert said.returncode == 0, said.stderr
        assert said.stdout.strip().endswith(f"|shop_{ODD}")

    (folder / "secrets" / "orders.pgpass").unlink()
    assert by_env(orders).returncode != 0, "the password came from the file and from nowhere else"


ASK = {
    "sqlalchemy": """
import importlib, sys
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(f"exported.{sys.argv[2]}")
from sqlalchemy import create_engine, text
for engine in (module.engine(), create_engine(module.url(direct=True))):
    with engine.connect() as connection:
        print(*connection.execute(text("select current_user, current_database()")).one(), sep="|")
print(module.SCHEMAS)
""",
    "django": """
import importlib, sys
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(f"exported.{sys.argv[2]}")
import django
from django.conf import settings
settings.configure(DATABASES=module.DATABASES, USE_TZ=True)
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("select current_user, current_database()")
    print(*cursor.fetchone(), sep="|")
""",
}


@pytest.mark.parametrize("kind", ASK)
def test_a_python_module_is_imported_and_connects(shop: Desk, kind: str, tmp_path: Path) -> None:
    folder = export(shop, kind)
    shutil.copytree(folder, tmp_path / "exported")
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    assert len(names) == 2
    for name in names:
        said = ask(kind, tmp_path, name)
        assert said.returncode == 0, said.stderr
        expected = "shop_orders_app|shop_orders" if name == "orders" else f"|shop_{ODD}"
        assert all(line.endswith(expected) for line in said.stdout.splitlines() if "|" in line)
        assert said.stdout.count("|") == (2 if kind == "sqlalchemy" else 1)

    (folder / "secrets" / "shop_orders_app.password").write_text("wrong")
    assert ask(kind, tmp_path, "orders").returncode != 0, "the password came from the file and from nowhere else"


def ask(kind: str, folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ASK[kind], str(folder), module],
        env=alone(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(BOUNCER is None, reason="PgBouncer is not installed")
def test_pgbouncer_starts_with_the_exported_files_and_serves(shop: Desk) -> None:
    # the address that clients have is that of the pool, whoever runs it
    files = export(shop, "env", "--service", "orders")
    folder = export(shop, "pgbouncer")
    assert shop.run("pool", "stop").status == 0
    assert by_env(files / "orders.env").returncode != 0
    ini = folder / "orders" / "pgbouncer.ini"
    port = int(str(re.search(r"listen_port = (\d+)", ini.read_text())[1]))  # type: ignore[index]
    owner = "postgres" if os.geteuid() == 0 else None
    if owner:
        for path in (folder / "secrets", *(folder / "secrets").iterdir()):
            shutil.chown(path, owner)
        for path in (shop.folder, shop.folder / "exported", folder, folder / "orders"):
            path.chmod(path.stat().st_mode | 0o055)
    process = subprocess.Popen(
        [str(BOUNCER), str(ini)],
        env=alone(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **({"user": owner, "extra_groups": []} if owner else {}),  # type: ignore[call-overload]
    )
    try:
        deadline = time.monotonic() + 30
        while process.poll() is None and not listens(port) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()
        said = by_env(files / "orders.env")
        assert said.returncode == 0, said.stderr
        assert said.stdout.strip() == "shop_orders_app|shop_orders"
        wrong = files / "secrets" / "orders.pgpass"
        wrong.write_text(re.sub(r":[^:]+$", ":wrong", wrong.read_text(), flags=re.MULTILINE))
        assert by_env(files / "orders.env").returncode != 0
    finally:
        process.kill()
        process.communicate()
        assert shop.run("pool", "start").status == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refused(said: Said, what: str) -> None:
    assert said.status == 1, said.all
    assert what in said.err, said.err


def test_a_file_that_freehold_did_not_write_is_not_replaced(shop: Desk, tmp_path: Path) -> None:
    def write(*words: str) -> Said:
        return shop.run("export", "env", "-o", tmp_path, "--network", "compose", "--json", *words)

    said = write()
    document = said.document()
    jsonschema.validate(document, document_schema("export"))
    assert len(document["written"]) == 2  # type: ignore[arg-type]
    assert write().document()["written"] == []

    file = tmp_path / "orders.env"
    text = file.read_text()
    gone = next(path for path in tmp_path.glob("*.env") if path != file)
    for other, why in ((text + "PGSSLMODE=disable\n", "was changed since"), ("PGHOST=mine\n", "was not written by")):
        file.write_text(other)
        gone.unlink(missing_ok=True)
        refused(write(), why)
        assert file.read_text() == other
        assert not gone.exists(), "all files or none"
    assert write("--force").status == 0
    assert file.read_text() == text


def test_a_link_does_not_lead_a_file_out_of_its_folder(shop: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "env").symlink_to(out)
    refused(shop.run("export", "docker-compose", "-o", inside), "outside")
    assert list(out.iterdir()) == []


def test_secret_files_are_private_and_never_committed(shop: Desk, tmp_path: Path) -> None:
    refused(shop.run("export", "env", "--with-secrets"), "only written into a folder")
    refused(shop.run("export", "env", "--with-secrets", "-o", "-"), "only written into a folder")
    assert shop.run("export", "env", "-o", tmp_path, "--with-secrets").status == 0
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    files = [path for path in (tmp_path / "secrets").iterdir() if path.name != ".gitignore"]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "secrets" / ".gitignore").read_text().startswith("*\n")


def test_it_lists_and_prints_and_names_what_is_near(shop: Desk) -> None:
    said = shop.run("export")
    assert said.status == 0
    assert {"docker-compose", "kubernetes", "terraform"} <= set(said.out.split())
    said = shop.run("export", "env")
    assert "orders.env" in said.out
    assert "secrets/orders.pgpass" in said.out
    said = shop.run("export", "env", "--service", "orders", "-o", "-")
    assert said.out.startswith("# written by Freehold (")
    assert "PGUSER=shop_orders_app\n" in said.out
    refused(shop.run("export", "kubernets"), 'Did you mean "kubernetes"')
    refused(shop.run("export", "env", "--service", "order"), 'Did you mean "orders"')


@pytest.mark.parametrize("kind", ["kubernetes", "terraform", "cloudnativepg", "docker-compose"])
def test_the_same_bytes_whatever_python_hashes_and_in_whatever_order_it_is_declared(
    kind: str, shop: Desk, tmp_path: Path
) -> None:
    first, *rest = DECLARATION.splitlines()
    services = [line for line in rest if line.startswith("  ")]
    other = "\n".join([first, *[line for line in rest if line not in services], *reversed(services)])
    (tmp_path / "freehold.yaml").write_text(other + "\n")
    texts = {
        shop.run("export", kind, "-o", "-", *words, env={"PYTHONHASHSEED": seed}).out
        for words, seed in (((), "1"), ((), "2"), (("-f", str(tmp_path / "freehold.yaml")), "3"))
    }
    assert len(texts) == 1
    assert "shop" in texts.pop()


def test_an_option_that_a_kind_does_not_heed_is_refused(shop: Desk) -> None:
    refused(shop.run("export", "docker-compose", "--service", "orders"), "the whole platform")
    refused(shop.run("export", "terraform", "--network", "compose"), "its own network")
