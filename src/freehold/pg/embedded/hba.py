"""The first pg_hba.conf of a new instance: the administrator from this machine, and nobody else."""

from __future__ import annotations

ADMINISTRATOR = "postgres"


def initial() -> tuple[str, ...]:
    """The lines. Until the plan writes a line for each login, nobody but Freehold comes in."""
    return (
        "# TYPE  DATABASE  USER  ADDRESS  METHOD",
        f'host all "{ADMINISTRATOR}" 127.0.0.1/32 scram-sha-256',
        f'host all "{ADMINISTRATOR}" ::1/128 scram-sha-256',
        "host all all all reject",
        "host replication all all reject",
    )
