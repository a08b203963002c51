"""What an exporter is asked: the platform as the command line finds it, without starting or asking anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from freehold.cli.context import Context, nearest
from freehold.errors import FreeholdError
from freehold.export.kinds._kind import Exporter
from freehold.export.marking import marked
from freehold.export.model import Asked, Export, Form, Host, Network, Pieces, SecretOf
from freehold.family import members
from freehold.local import exports
from freehold.plan.model import Design, Endpoint, Machine

FAMILY = "freehold.export.kinds"
SECRETS = "secrets"


def kinds() -> Mapping[str, Exporter]:
    """Every exporter by its name on the command line."""
    return {Exporter.title(name): kind for name, kind in members(FAMILY, Exporter).items()}


def kind_of(name: str) -> Exporter:
    """The exporter of this name. Raises FreeholdError."""
    found = kinds()
    if name not in found:
        raise FreeholdError(f'there is nothing to export to "{name}"', hint=nearest(name, list(found)))
    return found[name]


def asked(
    context: Context,
    *,
    network: Network,
    secrets: str,
    services: tuple[str, ...],
    memory_bytes: int,
    storage: str,
) -> Asked:
    """What the exporters write about. An instance of ours that does not run is where its declared port is."""
    context.known_services(services)
    hosts = _hosts(context)
    endpoints = {name: Endpoint(host.host, host.port, host.options) for name, host in hosts.items()}
    design = Design(
        platform=context.platform,
        placements=context.placements,
        # no exported file depends on this machine
        machine=Machine(memory_bytes, 2),
        endpoints={
            one.name: endpoints.get(one.name, Endpoint("localhost", 5432)) for one in context.placements.instances
        },
    )
    return Asked(
        design=design,
        hosts=hosts,
        pools=_pools(context),
        network=network,
        secrets=secrets,
        services=services,
        memory_bytes=memory_bytes,
        storage=storage,
    )


def texts(export: Export) -> dict[str, str]:
    """The files with their marks, by path."""
    return {path: marked(path, text) for path, text in sorted(export.files.items())}


def write(context: Context, export: Export, folder: Path, *, force: bool, with_secrets: bool) -> exports.Written:
    """Write the files, and the secret files when asked. Raises LocalStateError when one would be lost."""
    secrets: dict[str, bytes] = {}
    if with_secrets:
        context.folder.ensure()
        secrets = {f"{SECRETS}/{name}": _resolved(context, pieces) for name, pieces in sorted(export.secrets.items())}
    return exports.write(folder, texts(export), secrets, force=force, mounted=export.mounted)


def _resolved(context: Context, pieces: Pieces) -> bytes:
    return "".join(one if isinstance(one, str) else _secret(context, one) for one in pieces).encode()


def _secret(context: Context, wanted: SecretOf) -> str:
    match wanted.form:
        case Form.PASSWORD:
            return context.admin_password(wanted.name)
        case Form.VERIFIER:
            return context.secrets.verifier(wanted.name)
        case Form.PGPASS:
            return context.admin_password(wanted.name).replace("\\", "\\\\").replace(":", "\\:")
        case Form.LISTED:
            return _listed(context.secrets.verifier(wanted.name))
        case Form.LISTED_PASSWORD:
            return _listed(context.admin_password(wanted.name))


def _listed(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _hosts(context: Context) -> dict[str, Host]:
    """Where each instance listens: by its URL, where it runs, or where it would."""
    known = context.servers.addresses()
    found: dict[str, Host] = {}
    for instance in context.placements.instances:
        if instance.name in known:
            address = known[instance.name]
            found[instance.name] = Host(address.host, address.port, tuple(sorted(address.options.items())))
        elif instance.port is not None:
            found[instance.name] = Host("127.0.0.1", instance.port)
    return found


def _pools(context: Context) -> dict[str, Host]:
    """Where each pool listens: as declared, else where it runs."""
    from freehold.cli import pools

    found: dict[str, Host] = {}
    for bouncer in pools.known(context):
        state = pools.manager(context).state(bouncer)
        if state.running:
            found[bouncer.name] = Host(state.host, state.port)
        elif bouncer.port:
            found[bouncer.name] = Host("127.0.0.1", bouncer.port)
    return found
