"""How a person or a program connects: the env files of the services and single connection strings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.cli.context import Context, who
from freehold.cli.progress import Bar
from freehold.cli.redact import hide
from freehold.errors import FreeholdError
from freehold.finding import JsonObject
from freehold.layouts.model import Placement, ServiceRoles
from freehold.local import envfiles
from freehold.local.clock import SystemClock
from freehold.ports import Progress, Session
from freehold.spec.names import safe_url

if TYPE_CHECKING:
    from freehold.apply.run.world import World


@dataclass(frozen=True, slots=True)
class ServiceLogin:
    """How one service connects. ``url`` holds the password, ``safe_url`` does not."""

    service: str
    instance: str
    database: str
    url: str
    env_file: str

    @property
    def safe_url(self) -> str:
        return safe_url(self.url)

    def as_json(self, *, show_secrets: bool) -> JsonObject:
        return {
            "name": self.service,
            "instance": self.instance,
            "database": self.database,
            "url": self.url if show_secrets else self.safe_url,
            "env_file": self.env_file,
        }


def write_env_files(context: Context) -> tuple[ServiceLogin, ...]:
    """One env file per service; how each service connects: through its pool where one runs."""
    from freehold.cli import pools

    context.folder.ensure()
    found: list[ServiceLogin] = []
    pooled = pools.ports(context)
    for placement in context.placements.services:
        roles = _used(context, placement)
        direct = _login(context, placement.instance, placement.database, roles.app)
        ro = _login(context, placement.instance, placement.database, roles.ro)
        way = pooled.get(placement.service)
        app = _through(direct, way) if way else direct
        path = envfiles.write(
            context.folder.env_path,
            placement.service,
            app,
            _through(ro, way) if way else ro,
            direct if way else None,
        )
        found.append(ServiceLogin(placement.service, placement.instance, placement.database, app.url(), _near(path)))
    return tuple(found)


def service_url(context: Context, service: str, role: str, *, direct: bool) -> tuple[str, str | None]:
    """A connection string of a service, and until when it is valid (None: no end); through its pool where one runs,
    unless ``direct``. The owner's is always direct: a pool knows no login that lives an hour."""
    from freehold.cli import pools

    context.known_services([service])
    placement = context.placements.of(service)
    if role == "owner":
        return _owner_url(context, service)
    roles = _used(context, placement)
    user = roles.app if role == "app" else roles.ro
    if user not in context.secrets.known():
        raise FreeholdError(f'login "{user}" has no password yet', hint="Run `freehold apply` first.")
    login = _login(context, placement.instance, placement.database, user)
    way = None if direct else pools.ports(context).get(service)
    return (_through(login, way) if way else login).url(), None


def _used(context: Context, placement: Placement) -> ServiceRoles:
    """The roles whose logins the service uses. While it can come back from where a move took it, they are those of its
    old home: only they are let in at both."""
    back = (one.move for one in context.moves.read() if not one.ended and not one.in_place)
    return next((one.source_roles for one in back if one.service == placement.service), placement.roles)


def admin_url(context: Context, instance: str) -> str:
    """A connection string of Freehold's own login."""
    address = context.address(instance)
    return envfiles.Login(
        address.host,
        address.port,
        address.maintenance_database,
        address.user,
        address.password,
        address.options,
    ).url()


def _owner_url(context: Context, service: str) -> tuple[str, str | None]:
    from freehold.apply.run.lend import lend

    placement = context.placements.of(service)
    if context.platform.service(service).migrations is None:
        raise FreeholdError(
            f'service "{service}" has no migrations, so nobody is let in as its owner role',
            hint="Declare `migrations:` for it, or use `freehold url --admin INSTANCE`.",
        )
    address = context.address(placement.instance)
    with Bar("lending") as progress:
        lent = lend(apply_world(context, progress), placement)
    login = envfiles.Login(address.host, address.port, placement.database, lent.user, lent.password, address.options)
    return login.url(), lent.until


def _through(login: envfiles.Login, way: tuple[str, int, str]) -> envfiles.Login:
    """The same login at a pool: its host, port and alias, and none of the options that are about the server."""
    host, port, alias = way
    return replace(login, host=host, port=port, database=alias, options={})


def _login(context: Context, instance: str, database: str, user: str) -> envfiles.Login:
    address = context.address(instance)
    password = context.secrets.password(user)
    hide(password)
    return envfiles.Login(address.host, address.port, database, user, password, address.options)


def as_owner(context: Context, placement: Placement, progress: Progress) -> AbstractContextManager[Session]:
    """A session that acts as the owner role of a service, for as long as the context lasts."""
    from freehold.apply.run.lend import lending

    return lending(apply_world(context, progress), placement)


def apply_world(context: Context, progress: Progress) -> World:
    """What lending a login needs."""
    from freehold.apply.run import LOCK_WAIT_MS
    from freehold.apply.run.world import World
    from freehold.found.journal import Run
    from freehold.local.commands import ShellCommands

    return World(
        servers=context.servers,
        secrets=context.secrets,
        clock=SystemClock(),
        commands=ShellCommands(),
        progress=progress,
        run=Run("", context.platform.name, who()),
        total=0,
        lock_wait_ms=LOCK_WAIT_MS,
    )


def _near(path: Path) -> str:
    """The path from here when it lies below, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
