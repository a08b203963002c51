"""The instances of a platform as a command sees them: start, stop, remove, restart, and what each answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from freehold.cli.context import Context
from freehold.errors import Unreachable
from freehold.finding import JsonObject
from freehold.layouts.model import Instance
from freehold.spec.model import Server, ServerKind


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance as a person asks for it. ``reason`` says why it is not running."""

    name: str
    version: str
    host: str
    port: int | None
    running: bool
    owned: bool
    data: str
    reason: str = ""

    def as_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


def start(context: Context) -> tuple[str, ...]:
    """Start our own instances that do not run, those at either end of a move too; the names of those that this call
    started."""
    owned = _owned(context)
    if not owned:
        return ()
    context.folder.ensure()
    statuses = context.embedded.up(owned, context.admin_password, context.out.note, context.declared_ports)
    context.forget_sessions()
    return tuple(sorted(name for name, status in statuses.items() if status.started))


def revive(context: Context) -> bool:
    """Start those of our own instances that died; whether there were any. One that somebody stopped stays down: it took
    its pid file away."""
    seen = context.embedded.status(_owned(context))
    dead = [one for one in _owned(context) if not seen[one.name].running and (seen[one.name].data / PID_FILE).exists()]
    if dead:
        context.embedded.up(dead, context.admin_password, context.out.note)
        context.forget_sessions()
    return bool(dead)


PID_FILE = "postmaster.pid"


def _owned(context: Context) -> tuple[Instance, ...]:
    """Those of the services where they live, and of the homes that they came from or go to while they are moved."""
    found = {one.name: one for one in context.owned}
    for known in context.moves.read():
        for home in () if known.ended else (known.move.came, known.move.goes):
            for one in context.at({known.move.service: home}).owned:
                found.setdefault(one.name, one)
    return tuple(found[name] for name in sorted(found))


def forgotten(context: Context) -> tuple[Instance, ...]:
    """Instances of ours that an earlier declaration made and this one no longer names."""
    declared = {instance.name for instance in context.owned}
    return tuple(
        Instance(name, Server(name, ServerKind.EMBEDDED), None, (), (), 0)
        for name in (marker.instance for marker in context.embedded.known())
        if name not in declared
    )


def stop(context: Context) -> tuple[str, ...]:
    """Stop our own instances, forgotten ones too; the names of those that ran."""
    from freehold.cli import pools

    pools.down(context)
    return context.embedded.down((*context.owned, *forgotten(context)))


def purge(context: Context) -> tuple[str, ...]:
    """Remove the data of our own instances; what was removed. The local folder goes with it, unless logins on
    servers that somebody else runs still need its passwords."""
    import shutil

    from freehold.cli import pools
    from freehold.local.folder import explained

    pools.manager(context).purge()
    removed = [f"data of instance {name}" for name in context.embedded.purge((*context.owned, *forgotten(context)))]
    if len(context.owned) == len(context.placements.instances) and context.folder.path.is_dir():
        with explained(context.folder.path):
            shutil.rmtree(context.folder.path)
        removed.append(str(context.folder.path))
    return tuple(removed)


def statuses(context: Context) -> tuple[InstanceStatus, ...]:
    """Every instance and whether it answers."""
    owned = context.embedded.status(context.owned) if context.owned else {}
    found: list[InstanceStatus] = []
    for instance in context.placements.instances:
        status = owned.get(instance.name)
        if status is not None:
            found.append(
                InstanceStatus(
                    name=instance.name,
                    version=_version(status.version) if status.version else "",
                    host=status.host,
                    port=status.port or None,
                    running=status.running,
                    owned=True,
                    data=str(status.data),
                    reason="" if status.running else "stopped",
                )
            )
            continue
        found.append(_of_somebody_else(context, instance))
    return tuple(found)


def _of_somebody_else(context: Context, instance: Instance) -> InstanceStatus:
    from freehold.pg.servers import address_from_url

    address = address_from_url(instance.name, instance.server.url)
    version, reason = "", ""
    try:
        session = context.servers.admin(instance.name)
        try:
            version = _version(session.version)
        finally:
            session.close()
    except Unreachable as error:
        reason = error.message
    return InstanceStatus(
        instance.name, version, address.host, address.port, not reason, owned=False, data="", reason=reason
    )


def ports(context: Context) -> dict[str, int]:
    """Where each instance that can be reached listens."""
    return {name: address.port for name, address in context.servers.addresses().items()}


def restart_pending(context: Context, *, restart: bool, only: Iterable[str] | None = None) -> tuple[str, ...]:
    """The instances whose settings wait for a restart, after restarting ours (those of ``only``) if asked."""
    names = [instance.name for instance in context.placements.instances]
    waiting = {
        name
        for name, server in context.servers.read(names, {}).servers.items()
        if any(setting.pending_restart for setting in server.settings.values())
    }
    ours = {instance.name for instance in context.owned} & (waiting if only is None else waiting & set(only))
    if restart and ours:
        context.out.note(f"restarting {', '.join(sorted(ours))} for settings that need it")
        context.embedded.restart([instance for instance in context.owned if instance.name in ours])
        context.forget_sessions()
        waiting -= ours
    return tuple(sorted(waiting))


def _version(number: int) -> str:
    """``180006`` is ``18.6``."""
    return f"{number // 10000}.{number % 10000}"
