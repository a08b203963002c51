"""The files of one exported PgBouncer: its configuration, and the list of users that is a secret."""

from __future__ import annotations

from freehold.export.model import Asked, Form, Pieces, SecretOf
from freehold.export.names import file, whole_line
from freehold.pool.model import Auth, Bouncer
from freehold.pool.text import configuration

CONSOLE = "pool:admin"
IN_IMAGES = (1, 25)
ANY = (1, 18)
"""Only what every version knows: an older one does not start with a parameter that it does not know."""


def ini(bouncer: Bouncer, port: int, users_file: str, *, listen: str, version: tuple[int, int] = IN_IMAGES) -> str:
    """``pgbouncer.ini``, which logs to where its process does."""
    files = {"users": users_file, "log": "", "pid": ""}
    return configuration(bouncer, port, version, files, listen=listen)


def users_secret(asked: Asked, bouncer: Bouncer) -> tuple[str, Pieces]:
    """The name of the list of users and what stands in it: the console's login always; the login that looks others
    up with its password, or the verifier of each login that the pool serves."""
    pieces: list[str | SecretOf] = [_name(bouncer.admin), SecretOf(CONSOLE, Form.LISTED), "\n"]
    if bouncer.auth is Auth.QUERY:
        pieces += [_name(bouncer.lookup), SecretOf(bouncer.lookup, Form.LISTED_PASSWORD), "\n"]
    else:
        placements = [asked.design.placements.of(entry.service) for entry in bouncer.entries]
        for name in sorted({name for one in placements for name in (one.roles.app, one.roles.ro)}):
            pieces += [_name(name), SecretOf(name, Form.LISTED), "\n"]
    return file(f"pool-{bouncer.name}", "users"), tuple(pieces)


def _name(text: str) -> str:
    return '"' + whole_line(text, "PgBouncer's list of users").replace('"', '""') + '" '
