"""``freehold doctor``: what this machine can do."""

from __future__ import annotations

from freehold.cli.options import Call, command
from freehold.cli.out import Result, Say, Table, Tone


@command()
def doctor(call: Call) -> Result:
    """Say what this machine and its PostgreSQL binaries can do.

    Looks at the bundled binaries, and at those of the declaration when there is one.
    Exit code 2 when something found is an error.
    """
    import os

    from freehold.cli.shapes import finding_block
    from freehold.errors import FreeholdError
    from freehold.finding import Level
    from freehold.pg.doctor import diagnose
    from freehold.pg.pgbouncer import programs

    declared: tuple[str, ...] = ()
    try:
        declared = call.context.binaries()
    except FreeholdError as error:
        call.out.note(f"without a declaration: {error.message}")
    found = diagnose(os.environ, declared)
    pooler = programs.find(os.environ)
    findings = (*found.findings, *programs.findings(pooler))
    bad = any(finding.level is Level.ERROR for finding in findings)
    return Result(
        document={
            "driver": {"psycopg": found.psycopg, "libpq": found.libpq},
            "machine": {"memory_bytes": found.machine.memory_bytes, "cpus": found.machine.cpus},
            "account": found.account,
            "data_root": found.data_root,
            "free_bytes": found.free_bytes,
            "binaries": [
                {
                    "folder": one.folder,
                    "version": one.version,
                    "tls": one.tls,
                    "lz4": one.lz4,
                    "zstd": one.zstd,
                    "icu": one.icu,
                    "extensions": list(one.extensions),
                    "programs": list(one.programs),
                    "usable": one.usable,
                }
                for one in found.tools
            ],
            "pooler": {"path": str(pooler.path), "version": pooler.shown(), "tls": pooler.tls} if pooler else None,
            "findings": [finding.as_json() for finding in findings],
        },
        blocks=(
            Table(
                ("PostgreSQL", "folder", "can", "extensions", "programs"),
                [
                    (
                        f"{one.version // 10000}.{one.version % 10000}" if one.version else "?",
                        one.folder,
                        " ".join(what for what in ("tls", "lz4", "zstd", "icu") if getattr(one, what)) or "none of it",
                        str(len(one.extensions)),
                        str(len(one.programs)),
                    )
                    for one in found.tools
                ],
                numbers=frozenset({3, 4}),
            ),
            Say(f"driver: psycopg {found.psycopg} with libpq {found.libpq // 10000}.{found.libpq % 10000}"),
            Say(f"machine: {found.machine.cpus} processors, {_mb(found.machine.memory_bytes)} memory"),
            Say(f"embedded servers: as {found.account or '?'} in {found.data_root}, {_mb(found.free_bytes)} free"),
            Say(f"pools: PgBouncer {pooler.shown()}, {pooler.path}" if pooler else "pools: no PgBouncer"),
            *(finding_block(finding) for finding in findings),
            Say("✗ something is missing or unsafe", Tone.BAD) if bad else Say("✓ fit to run Freehold", Tone.GOOD),
        ),
        exit=2 if bad else 0,
        next="freehold up",
    )


def _mb(count: int) -> str:
    return f"{count // 1024**2} MB"
