"""PgBouncer's configuration, list of users and systemd unit for each pool of the platform.

They are the files that ``freehold pool export`` writes, made from the declaration alone: no server is asked. On
servers of the platform's own, PgBouncer looks verifiers up by a function that only shows it logins of that database;
on a server that somebody else runs its list of users holds their verifiers, unless the declaration says otherwise.

Hostile names are quoted; a line break, which these files have no way to write, is refused.

Checked: PgBouncer starts with the exported files, and a service queries a real server through it.
"""

from __future__ import annotations

from freehold.errors import FreeholdError
from freehold.export.carried import Carried
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import label
from freehold.export.pooling import ANY, ini, users_secret
from freehold.export.ways import POOL_PORT, pools
from freehold.pool.text import unit


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    for number, bouncer in enumerate(pools(asked)):
        folder = label(bouncer.name)
        file, users = users_secret(asked, bouncer)
        at = asked.pools.get(bouncer.name)
        port = bouncer.port or (at.port if at else POOL_PORT + number)
        files[f"{folder}/pgbouncer.ini"] = ini(
            bouncer, port, f"{asked.secrets}/{file}", listen="127.0.0.1", version=ANY
        )
        files[f"{folder}/pgbouncer.service"] = unit(
            bouncer, "/usr/sbin/pgbouncer", f"/etc/freehold/{folder}/pgbouncer.ini", "postgres"
        )
        secrets[file] = users
    if not files:
        raise FreeholdError(
            "the declaration has no pools that could be written",
            hint="Write `pooler: pgbouncer` and a pool below a service.",
        )
    return Export(
        files,
        secrets,
        (
            "The units expect these folders in /etc/freehold, and secret files that the account postgres may read.",
            "PgBouncer 1.21 to 1.23 prepare statements only with max_prepared_statements, which older ones refuse.",
        ),
    )


pgbouncer = Exporter(
    "PgBouncer's files and units", "PgBouncer started with them and queried", _write, frozenset({Carried.POOLS})
)
