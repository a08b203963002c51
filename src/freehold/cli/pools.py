"""The pools of a platform as a command sees them: start, stop, ask, hold back, and where clients connect."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.cli.context import Context
from freehold.cli.underway import ask_homes
from freehold.errors import Unreachable
from freehold.local import envfiles
from freehold.pool.bouncers import ADMIN, Place, bouncers
from freehold.pool.model import Auth, Bouncer, Login
from freehold.pool.text import OF_ONE
from freehold.ports import Address
from freehold.prove.model import Pooled
from freehold.sqltext import keyword

if TYPE_CHECKING:
    from freehold.pg.pgbouncer import PgBouncers, State
    from freehold.pg.servers import PgServers

FIRST_PORT = 6432
SECRET = "pool:admin"
"""The name under which the secrets file keeps the password of the pools' console."""


def manager(context: Context) -> PgBouncers:
    """What starts and stops PgBouncers here."""
    from freehold.pg.pgbouncer import PgBouncers

    return PgBouncers(context.embedded.folder, context.embedded.account, os.environ)


def declared(context: Context) -> tuple[Bouncer, ...]:
    """The PgBouncers that the platform needs. Raises Unreachable when an instance of ours does not run."""
    if context.platform.pooler is None:
        return ()
    context.all_reachable()
    return lasting(context)


def lasting(context: Context, asked: dict[str, bool] | None = None) -> tuple[Bouncer, ...]:
    """The same, with what is known from before of an instance that does not answer: the services of the others need
    their pools meanwhile. ``asked`` keeps what each was asked: one that does not answer is waited for once."""
    asked = {} if asked is None else asked
    places = context.addresses(stopped=True)
    for name in places:
        if name not in asked:
            asked[name] = _reads(context, name)
    return _declared(context, places, asked)


def known(context: Context) -> tuple[Bouncer, ...]:
    """Those of the instances whose address is known, without asking a server: enough to say where they answer."""
    return _declared(context, context.servers.addresses(), {})


def _declared(context: Context, addresses: Mapping[str, Address], reads: Mapping[str, bool]) -> tuple[Bouncer, ...]:
    places = {
        name: Place(address.host, address.port, address.options.get("sslmode", "prefer"), reads.get(name, False))
        for name, address in addresses.items()
    }
    return bouncers(context.platform, context.placements, places)


def missing(context: Context) -> str:
    """Why the declared pools cannot run here; empty when they can, or when none is declared."""
    if context.platform.pooler is None or manager(context).program() is not None:
        return ""
    return "PgBouncer is not installed, so services connect past their declared pools (apt-get install pgbouncer)"


def up(context: Context) -> tuple[State, ...]:
    """Start what is declared and does not run; let what runs read its files anew. Nothing where none is declared. Where
    a switch ends meanwhile the files are written again, for what is written last must know of it; the databases are
    asked where services on the move are served."""
    ask_homes(context)
    while True:
        homes = context.homes
        states = _up(context)
        context.forget_homes()
        if context.homes == homes:
            return states


def _up(context: Context) -> tuple[State, ...]:
    wanted = declared(context)
    found = manager(context)
    if not wanted:
        found.purge()
        return ()
    context.folder.ensure()
    return found.up(wanted, lambda bouncer: logins(context, bouncer), context.admin_password(SECRET), context.out.note)


def down(context: Context) -> tuple[str, ...]:
    """Stop every PgBouncer of the platform; those that ran."""
    return manager(context).down()


def ports(context: Context) -> dict[str, tuple[str, int, str]]:
    """Host, port and alias of each service whose pool runs."""
    found: dict[str, tuple[str, int, str]] = {}
    for bouncer in known(context):
        state = manager(context).state(bouncer)
        if state.running:
            found |= {entry.service: (state.host, state.port, entry.alias) for entry in bouncer.entries}
    return found


def for_proof(context: Context) -> tuple[tuple[Pooled, ...], PgServers]:
    """The pools that run, and the servers with their pools as further places, so that a proof can attack both."""
    found: list[Pooled] = []
    places = dict(context.servers.addresses())
    pooler = context.platform.pooler
    for bouncer in known(context):
        state = manager(context).state(bouncer)
        if state.running and pooler is not None:
            name = f"pool {bouncer.name}"
            places[name] = Address(name, state.host, state.port, ADMIN, "", "", {"sslmode": "disable"})
            found += [
                Pooled(one.service, name, one.alias, one.alias + OF_ONE, ADMIN, one.mode, pooler.reset)
                for one in bouncer.entries
            ]
    return tuple(found), replace(context.servers, places=places)


def export(context: Context, folder: Path) -> tuple[Path, ...]:
    """Write for each PgBouncer its configuration, its users (mode 0600) and a systemd unit; the paths written."""
    from freehold.local.folder import private_folder, write_atomically
    from freehold.pool.text import configuration, unit, users

    program = manager(context).program()
    written: list[Path] = []
    context.folder.ensure()
    private_folder(folder)
    for bouncer in declared(context):
        home = folder.absolute() / envfiles.file_name(bouncer.name)
        private_folder(home)
        named = {"users": str(home / "users.txt"), "log": str(home / "log"), "pid": str(home / "pid")}
        port = bouncer.port or manager(context).state(bouncer).port or FIRST_PORT
        files = {
            "pgbouncer.ini": configuration(bouncer, port, program.version[:2] if program else (1, 18), named),
            "users.txt": users(logins(context, bouncer)),
            "pgbouncer.service": unit(
                bouncer,
                str(program.path) if program else "/usr/sbin/pgbouncer",
                str(home / "pgbouncer.ini"),
                context.embedded.account.name,
            ),
        }
        for name, text in files.items():
            write_atomically(home / name, text.encode())
            written.append(home / name)
    return tuple(written)


def logins(context: Context, bouncer: Bouncer) -> tuple[Login, ...]:
    """The console's own login always; the lookup login with its password, or a verifier for each service's logins."""
    own = Login(ADMIN, context.secrets.verifier(SECRET))
    if bouncer.auth is Auth.QUERY:
        return own, Login(bouncer.lookup, context.secrets.password(bouncer.lookup))
    names = {
        name
        for entry in bouncer.entries
        for roles in (context.placements.of(entry.service).roles,)
        for name in (roles.app, roles.ro)
    }
    return own, *(Login(name, context.secrets.verifier(name)) for name in sorted(names))


def _reads(context: Context, instance: str) -> bool:
    """Whether Freehold's login there may read verifiers, so that a function of its own may show one; as it was when
    the pools were written where nobody answers."""
    if instance in {one.name for one in context.owned}:
        return True
    try:
        session = context.servers.admin(instance)
    except Unreachable:
        return manager(context).ask()
    try:
        row = session.query(keyword("SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"))[0]
        return row[0] is True
    finally:
        session.close()
