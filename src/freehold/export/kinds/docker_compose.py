"""A Compose project: each instance, each pool, their health checks, and secrets that are files.

- ``compose.yaml``: the instances and pools. A service has a network of its own, on which it finds its pool and its
  instance and nobody else's; a pool and its instance share another one. Ports are published on 127.0.0.1, where the
  declaration names one.
- ``compose.services.yaml``: one entry for each service with its network, its environment file and its password files,
  to be completed by its image. Start both: ``docker compose -f compose.yaml -f compose.services.yaml up``.
- For each instance ``postgresql.conf``, ``pg_hba.conf`` and ``init.sql``, which makes roles, databases and schemas when
  the volume is new. Roles get their SCRAM verifiers from secret files, so no password stands in any of them.
- ``secrets/``: nothing, unless --with-secrets is given.

The health check asks over TCP: the server that initialises the volume listens on a socket only, and would look ready.

Hostile names: a service that is no name for Compose gets one with a digest, and a label with its own; ``$`` is doubled;
a database with a line break is refused, because psql cannot connect to it.

Checked: ``docker compose config`` accepts the project, also against its schema; ``init.sql`` is run by psql on an empty
server, after which ``freehold plan`` has nothing left but migrations and what follows from their tables. The images
were not started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from freehold.export import initial
from freehold.export.carried import ALL
from freehold.export.dotenv import lines
from freehold.export.environment import secret_files, variables
from freehold.export.kinds._kind import Exporter
from freehold.export.kube import SERVICE
from freehold.export.model import Asked, Export, Network, Pieces
from freehold.export.names import file, identifier, label
from freehold.export.pooling import ini, users_secret
from freehold.export.ways import POOL_PORT, PORT, compose_host, pool_name, pools, ways
from freehold.export.yamltext import document
from freehold.layouts.model import Instance
from freehold.pool.model import Bouncer
from freehold.spec.names import slug
from freehold.units import show_bytes

Node = dict[str, object]


def _instance(asked: Asked, instance: Instance) -> tuple[Node, dict[str, str], dict[str, Pieces]]:
    """An instance's entry, its files, and its secret files."""
    host = compose_host(instance.name)
    admin, password = initial.admin_secret(instance.name)
    verifiers = initial.secrets(asked.design, instance.name)
    values = initial.conf(asked.design, instance, asked.memory_bytes)
    here = [one.service for one in asked.design.placements.services if one.instance == instance.name]
    sources = {one.source[0] for one in asked.design.placements.links if one.reader[0] == instance.name}
    networks = [_own_network(instance.name), *(_network(name) for name in here)]
    networks += [_own_network(name) for name in sorted(sources - {instance.name})]
    entry: Node = {
        "image": asked.image,
        "command": [
            "postgres",
            "-c",
            "config_file=/etc/postgresql/postgresql.conf",
            "-c",
            "hba_file=/etc/postgresql/pg_hba.conf",
        ],
        "restart": "unless-stopped",
        "stop_grace_period": "1m",
        "mem_limit": asked.memory_bytes,
        "shm_size": values.get("shared_buffers", "128MB").lower(),
        "environment": {"POSTGRES_PASSWORD_FILE": f"/run/secrets/{admin}", "POSTGRES_INITDB_ARGS": "--data-checksums"},
        "secrets": [admin, *verifiers],
        "volumes": [
            f"data-{label(instance.name)}:/var/lib/postgresql",
            f"./{host}/postgresql.conf:/etc/postgresql/postgresql.conf:ro",
            f"./{host}/pg_hba.conf:/etc/postgresql/pg_hba.conf:ro",
            f"./{host}/init.sql:/docker-entrypoint-initdb.d/10-freehold.sql:ro",
        ],
        "networks": [*networks, *(["published"] if instance.port else [])],
        **({"ports": [f"127.0.0.1:{instance.port}:{PORT}"]} if instance.port else {}),
        "healthcheck": {
            "test": ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1", "--username=postgres", "--dbname=postgres"],
            "interval": "5s",
            "timeout": "3s",
            "retries": 12,
            "start_period": "60s",
        },
    }
    files = {
        f"{host}/postgresql.conf": initial.conf_text(values),
        f"{host}/pg_hba.conf": initial.hba_text(asked.design, instance.name),
        f"{host}/init.sql": initial.sql(asked.design, instance.name),
    }
    return entry, files, {admin: password, **verifiers}


def _pool(asked: Asked, bouncer: Bouncer) -> tuple[Node, dict[str, str], dict[str, Pieces]]:
    host = pool_name(bouncer.name)
    users, pieces = users_secret(asked, bouncer)
    tls = ("pool-tls-key", "pool-tls-certificate") if bouncer.tls_key else ()
    if tls:
        bouncer = replace(bouncer, tls_key=f"/run/secrets/{tls[0]}", tls_certificate=f"/run/secrets/{tls[1]}")
    instances = sorted({entry.instance for entry in bouncer.entries})
    entry: Node = {
        "image": asked.pool_image,
        "entrypoint": ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"],
        "restart": "unless-stopped",
        "stop_signal": "SIGINT",
        "depends_on": {compose_host(name): {"condition": "service_healthy"} for name in instances},
        "secrets": [users, *tls],
        "volumes": [f"./{host}/pgbouncer.ini:/etc/pgbouncer/pgbouncer.ini:ro"],
        "networks": [
            *(_own_network(name) for name in instances),
            *(_network(entry.service) for entry in bouncer.entries),
            *(["published"] if bouncer.port else []),
        ],
        **({"ports": [f"127.0.0.1:{bouncer.port}:{POOL_PORT}"]} if bouncer.port else {}),
        "healthcheck": {
            # its image brings neither psql nor pg_isready for certain; bash opens a connection and asks nothing
            "test": ["CMD", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{POOL_PORT}"],
            "interval": "5s",
            "timeout": "3s",
            "retries": 6,
        },
    }
    text = ini(bouncer, POOL_PORT, f"/run/secrets/{users}", listen="*")
    return entry, {f"{host}/pgbouncer.ini": text}, {users: pieces}


def _network(service: str) -> str:
    return f"service-{label(service)}"


def _own_network(instance: str) -> str:
    return f"instance-{label(instance)}"


def _services(asked: Asked) -> tuple[Node, dict[str, str], dict[str, Pieces]]:
    """The entries to be completed, the environment files and the password files of the services."""
    entries: Node = {}
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    pooled = {entry.service: pool_name(one.name) for one in pools(asked) for entry in one.entries}
    for way, ro in zip(ways(asked), ways(asked, "ro"), strict=True):
        name = file(way.service, "env")
        files[f"env/{name}"] = lines(variables(way, ro, "/run/secrets", mounted=True))
        mine = secret_files(way, ro, mounted=True)
        secrets |= mine
        waits = [way.direct.host, *([pooled[way.service]] if way.service in pooled else [])]
        entry = label(way.service)
        # a service that is called like one of our containers must not be merged with it
        entry = f"service-{entry}" if entry.startswith(("db-", "pool-")) else entry
        entries[entry] = {
            **({} if entry == way.service else {"labels": {SERVICE: way.service}}),
            "image": _Raw(f"${{IMAGE_{identifier(slug(way.service)).upper()}:?the image of this service}}"),
            "env_file": [f"./env/{name}"],
            "depends_on": {host: {"condition": "service_healthy"} for host in waits},
            "secrets": list(mine),
            "networks": [_network(way.service)],
        }
    return entries, files, secrets


class _Raw(str):
    """Text in which ``$`` is meant for Compose."""

    __slots__ = ()


def _escaped(node: object) -> object:
    """``$`` doubled in every value, since Compose would read a variable."""
    match node:
        case _Raw():
            return str(node)
        case str():
            return node.replace("$", "$$")
        case dict():
            return {key: _escaped(value) for key, value in node.items()}
        case list():
            return [_escaped(value) for value in node]
        case _:
            return node


def _write(wanted: Asked) -> Export:
    asked = replace(wanted, network=Network.COMPOSE, secrets="/run/secrets", services=())
    services: Node = {}
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    for instance in asked.design.placements.instances:
        entry, more, needed = _instance(asked, instance)
        services[compose_host(instance.name)] = entry
        files |= more
        secrets |= needed
    for bouncer in pools(asked):
        entry, more, needed = _pool(asked, bouncer)
        services[pool_name(bouncer.name)] = entry
        files |= more
        secrets |= needed
    entries, more, needed = _services(asked)
    files |= more
    secrets |= needed
    files["compose.yaml"] = document(_escaped(_project(asked, services, secrets)))
    files["compose.services.yaml"] = document(_escaped({"services": entries}))
    notes = (
        *initial.foreign(asked.design),
        f"Each instance is sized for {show_bytes(asked.memory_bytes)} of memory (--memory).",
        "libpq reads no PGPASSWORD_FILE: let a service's entry point set PGPASSWORD from it.",
        "When the instances run, `freehold apply` on a declaration with their URLs adds what needs tables.",
        *(
            ("Put the pool's TLS key and certificate into secrets/pool-tls-key and secrets/pool-tls-certificate.",)
            if asked.platform.pooler and asked.platform.pooler.tls_key
            else ()
        ),
    )
    return Export(dict(sorted(files.items())), secrets, notes, mounted=True)


def _project(asked: Asked, services: Node, secrets: Mapping[str, Pieces]) -> Node:
    instances = [instance.name for instance in asked.design.placements.instances]
    networks = {_own_network(name): {"internal": True} for name in instances}
    networks |= {_network(service.name): {"internal": True} for service in asked.platform.services}
    published = any("ports" in entry for entry in services.values() if isinstance(entry, dict))
    tls = ("pool-tls-key", "pool-tls-certificate") if asked.platform.pooler and asked.platform.pooler.tls_key else ()
    return {
        "name": label(asked.platform.name),
        "services": services,
        "networks": {**networks, **({"published": {}} if published else {})},
        "volumes": {f"data-{label(name)}": {} for name in instances},
        "secrets": {name: {"file": f"./secrets/{name}"} for name in (*secrets, *tls)},
    }


docker_compose = Exporter(
    "a Compose project with instances, pools and secrets by file",
    "docker compose config, its schema, and init.sql on a real server",
    _write,
    ALL,
    here=False,
)
