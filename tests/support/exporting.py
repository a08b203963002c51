"""Exports without a command line: what the exporters are asked about platforms built from files or in Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from freehold.cli.exporting import kinds
from freehold.export.model import Asked, Export, Host, Network
from freehold.layouts.placement import place
from freehold.local.declaration import load
from freehold.plan.model import Design, Endpoint, Machine
from freehold.spec.model import Layout, Platform, Pool, Pooler, ServerKind, Service
from support.plans import HOSTILE, MAIN, platform

EXAMPLES = Path(__file__).parents[2] / "examples"
PLATFORMS = ("alphintra", "payrollx", "tenants", "trading-system", "treum")
CLIENTS = ("env", "sqlalchemy", "django", "prisma", "prefect")
"""Kinds that describe how services connect."""

ODD = tuple(name for name in HOSTILE if "\n" not in name)
"""Hostile names that a script of psql can hold."""


def example(name: str, layout: Layout, *, pooled: bool = True) -> Platform:
    """An example in a layout, on servers of its own, with a pool in front of each service that declares one."""
    found = load(EXAMPLES / name / "freehold.yaml")
    servers = tuple(replace(one, kind=ServerKind.EMBEDDED, url="", port=None) for one in found.servers)
    groups = found.groups or (("all", tuple(service.name for service in found.services if service.schemas)),)
    pooler = (found.pooler or Pooler()) if pooled else None
    return replace(found, layout=layout, servers=servers, groups=groups, pooler=pooler)


def hostile(layout: Layout = Layout.DATABASE_PER_SERVICE, names: Iterable[str] = ODD) -> Platform:
    """Services with hostile names, each with a pool, and one without schemas."""
    services = [Service(name, (name,), pool=Pool(3)) for name in names]
    odd = platform(*services, Service("$x ${y} %{z} #{a}", ()), layout=layout, servers=(MAIN,))
    return replace(odd, pooler=Pooler())


def asked(found: Platform, network: Network = Network.COMPOSE, **more: object) -> Asked:
    """What an exporter is asked about a platform whose instances listen on ports from 5433 on."""
    placements = place(found)
    hosts = {one.name: Host("127.0.0.1", 5433 + number) for number, one in enumerate(placements.instances)}
    design = Design(
        platform=found,
        placements=placements,
        machine=Machine(4 * 1024**3, 2),
        endpoints={name: Endpoint(host.host, host.port) for name, host in hosts.items()},
    )
    return Asked(design=design, hosts=hosts, network=network, **more)  # type: ignore[arg-type]


def export(kind: str, found: Platform, network: Network = Network.COMPOSE, **more: object) -> Export:
    """The export of a platform."""
    return kinds()[kind].write(asked(found, network, **more))


def put(made: Export, folder: Path) -> Path:
    """The files of an export in a folder, as they come from the exporter."""
    for path, text in made.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
