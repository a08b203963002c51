"""A document says that services are isolated, and every role may connect to every database.

Why: PostgreSQL gives CONNECT on a new database to PUBLIC. Separate databases keep nobody out until it is revoked.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    CREATE DATABASE orders;
    CREATE DATABASE billing;
    === README.md
    The databases give perfect isolation between services.

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    CREATE DATABASE orders;
    REVOKE CONNECT ON DATABASE orders FROM PUBLIC;
    CREATE DATABASE billing;
    REVOKE ALL ON DATABASE billing FROM PUBLIC;
    === README.md
    The databases give perfect isolation between services.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Claim
from freehold.discover.made import ConnectChanged, DatabaseMade
from freehold.discover.model import Discovery


@conflict("error")
def connect_open(discovery: Discovery) -> Iterator[Note]:
    claims = [claim for claim in discovery.of(Claim) if claim.what in ("isolated", "database per service")]
    closed = {c.database for c in discovery.of(ConnectChanged) if c.role == "public" and not c.granted}
    made = [m for m in discovery.of(DatabaseMade) if m.environment != "test"]
    names = {m.database for m in made}
    open_ones = sorted(names - closed)
    if claims and len(names) > 1 and open_ones:
        first = {m.database: m.at for m in reversed(made)}
        yield Note(
            "",
            f'database "{open_ones[0]}"',
            f"{len(open_ones)} of {len(names)} databases let every role connect, although isolation is claimed",
            f"{', '.join(open_ones[:10])}: nothing revokes CONNECT from PUBLIC, which has it from the beginning.",
            (claims[0].at, *(first[name] for name in open_ones[:5])),
            "\n".join(f'REVOKE CONNECT ON DATABASE "{_doubled(name)}" FROM PUBLIC;' for name in open_ones[:20]),
        )


def _doubled(name: str) -> str:
    return name.replace('"', '""')
