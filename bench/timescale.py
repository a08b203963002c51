"""A hypertable of ticks on the server that ``FREEHOLD_TEST_TIMESCALE_URL`` names, in a database of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from bench.ticks import TABLE
from freehold.pg.session import PgSession
from freehold.sqltext import keyword, raw

URL = "FREEHOLD_TEST_TIMESCALE_URL"
NOT_MEASURED = f"TimescaleDB was not measured: `{URL}` names no server."
_DATABASE = "freehold_bench"


@dataclass(frozen=True)
class Hyper:
    """A session whose table ``tick`` is a hypertable cut by the day."""

    session: PgSession
    name: str


def named() -> bool:
    """Whether a server is named."""
    return bool(os.environ.get(URL))


@contextmanager
def hypertable() -> Iterator[Hyper]:
    """The database is made and removed."""
    url = os.environ[URL]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {_DATABASE}")
        session = PgSession(psycopg.connect(url, dbname=_DATABASE, autocommit=True))
        try:
            session.execute(keyword("CREATE EXTENSION timescaledb"))
            session.execute(keyword("SET statement_timeout = 0"))
            version = session.query(
                keyword("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'")
            )
            session.execute(raw(TABLE))
            session.query(keyword("SELECT create_hypertable('tick', 'time', chunk_time_interval => interval '1 day')"))
            yield Hyper(session, f"TimescaleDB {version[0][0]}, a server of its own")
        finally:
            session.close()
            admin.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
