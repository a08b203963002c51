"""The shipped examples on a tour through the layouts: up behind pools, filled, summed up, and asked for their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import yaml

from support.command import Desk, desk
from support.examples import _plain

TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
KEYS = """
SELECT conrelid::regclass::text || ' ' || conname FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class r ON r.oid = o.confrelid
JOIN pg_namespace m ON m.oid = r.relnamespace
WHERE contype = 'f' AND o.convalidated AND n.nspname = ANY (%s) AND NOT m.nspname = ANY (%s) AND conparentid = 0
ORDER BY 1
"""


def redeclare(path: Path, layout: str, services: Sequence[str] = ()) -> None:
    """Rewrite an example for a layout: pools on, ports free, and only ``services`` of it if named."""
    text = _plain(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader))
    assert isinstance(text, dict)
    text |= {"layout": layout, "pooler": "pgbouncer"}
    kept = {}
    for name, service in text["services"].items():
        if services and name not in services:
            continue
        service.pop("port", None)
        if isinstance(service.get("pool"), dict):
            service["pool"].pop("port", None)
        if services:
            schemas = {one for other in services for one in text["services"][other]["schemas"]}
            service["reads"] = [one for one in service.get("reads", []) if one.split(".")[0] in schemas]
            service["references"] = [one for one in service.get("references", []) if one["to"].split(".")[0] in schemas]
        kept[name] = service
    text["services"] = kept
    if services:
        text.pop("groups", None)
    path.write_text(yaml.safe_dump(text, sort_keys=False, allow_unicode=True), encoding="utf-8")


@contextmanager
def touring(example: str, layout: str, rows: int, services: Sequence[str] = ()) -> Iterator[Desk]:
    """The example up in a layout, and filled."""
    with desk() as found:
        begin(found, example, layout, rows, services)
        yield found


def begin(found: Desk, example: str, layout: str, rows: int, services: Sequence[str] = ()) -> None:
    """As ``touring``, on a desk that is there."""
    said = found.run("init", "--platform", example)
    assert said.status == 0, said.all
    redeclare(found.folder / "freehold.yaml", layout, services)
    up = found.run("up", "--no-prove", timeout_s=600)
    assert up.status == 0, up.all
    if services:
        _recipe(found.folder / "seed.yaml", {one for _, _, schemas in homes(found).values() for one in schemas})
    seed = found.run("seed", "--rows", str(rows), "--processes", "0", timeout_s=600)
    assert seed.status == 0, seed.all


def _recipe(path: Path, schemas: set[str]) -> None:
    """Leave in a recipe only the tables of these schemas."""
    recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    recipe["tables"] = {name: one for name, one in recipe["tables"].items() if name.split(".")[0] in schemas}
    path.write_text(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), encoding="utf-8")


def homes(found: Desk) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Where each service lives: how Freehold itself connects to its database, its instance, its schemas."""
    text = yaml.safe_load((found.folder / "freehold.yaml").read_text(encoding="utf-8"))
    said = found.run("status", "--json")
    assert said.status in (0, 2), said.all
    services = said.document()["services"]
    assert isinstance(services, list)
    admin: dict[str, str] = {}
    places: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for one in services:
        name, instance, database = str(one["name"]), str(one["instance"]), str(one["database"])
        if instance not in admin:
            admin[instance] = found.run("url", "--admin", instance).out.strip()
        url = admin[instance].replace("/postgres?", f"/{database}?")
        places[name] = (url, instance, tuple(text["services"][name]["schemas"]))
    return places


def sums(found: Desk) -> dict[str, tuple[int, int]]:
    """How many rows each table of each service has, and a sum over all that is in them, whatever their order."""
    seen: dict[str, tuple[int, int]] = {}
    for url, _, schemas in homes(found).values():
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET extra_float_digits = 3")
            for (table,) in session.execute(TABLES, (list(schemas),)).fetchall():
                row = session.execute(
                    f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {table} AS t"
                ).fetchone()
                assert row is not None
                seen[str(table)] = (int(row[0]), int(row[1]))
    return seen


def keys(found: Desk) -> list[str]:
    """The foreign keys that lead out of their service."""
    seen: list[str] = []
    for url, _, schemas in homes(found).values():
        with psycopg.connect(url, autocommit=True) as session:
            seen += [str(name) for (name,) in session.execute(KEYS, (list(schemas), list(schemas))).fetchall()]
    return sorted(seen)


def in_order(found: Desk, layout: str, *, restart: bool = False, prove: bool = True) -> None:
    """Assert that the declaration says the layout, that no step is left to do, and that the proof has nothing open.

    ``restart``: servers that must take more logins than before may be started again for it."""
    assert f"layout: {layout}" in (found.folder / "freehold.yaml").read_text(encoding="utf-8")
    plan = found.run("plan", "--json", timeout_s=300)
    assert plan.document()["changes"] == [], plan.all
    tidied = found.run(
        "apply", "--authoritative", "--allow-destroy", "--yes", *(["--restart"] if restart else []), timeout_s=600
    )
    assert tidied.status == 0, tidied.all
    if not prove:
        return
    proof = found.run("prove", "--json", timeout_s=600)
    assert proof.document()["violations"] == [], proof.all
    assert proof.document()["unknown"] == [], proof.all
