"""A throw-away laboratory: embedded instances in memory-backed storage, and everything an apply or a proof needs."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freehold.layouts.model import Placements
from freehold.layouts.placement import place
from freehold.local.secretsfile import SecretsFile
from freehold.pg.embedded import Embedded
from freehold.pg.servers import PgServers
from freehold.spec.model import Platform


@dataclass(frozen=True)
class Lab:
    """Running instances of one platform; ``servers`` reaches them, ``bin`` holds the programs of PostgreSQL."""

    platform: Platform
    placements: Placements
    servers: PgServers
    secrets: SecretsFile
    embedded: Embedded
    bin: Path


@contextmanager
def lab(platform: Platform) -> Iterator[Lab]:
    """Start the platform's instances in a fresh folder of /dev/shm (else of the temporary one); remove all after."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="freehold-bench-", dir=base))
    folder.chmod(0o711)
    placements = place(platform)
    secrets = SecretsFile(folder / "local" / "secrets.json")
    embedded = Embedded(
        platform.name, str(folder / "freehold.yaml"), {**os.environ, "FREEHOLD_DATA": str(folder / "data")}
    )
    try:
        statuses = embedded.up(placements.instances, secrets.password)
        addresses = {
            name: embedded.address(status, secrets.password(f"admin:{name}")) for name, status in statuses.items()
        }
        servers = PgServers(addresses, embedded.owned_files(placements.instances))
        first = placements.instances[0]
        yield Lab(platform, placements, servers, secrets, embedded, Path(embedded.binaries(first).folder))
    finally:
        embedded.purge(placements.instances)
        shutil.rmtree(folder, ignore_errors=True)


def cpu_seconds(who: int = resource.RUSAGE_SELF) -> float:
    """User and system time of this process (or of its children)."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime
