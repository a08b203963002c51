"""Memory and processors that this process may use: those of its control group, not of the whole machine."""

from __future__ import annotations

import os
from pathlib import Path

from freehold.plan.model import Machine


def machine(root: Path = Path("/")) -> Machine:
    """What there is to share out among instances. ``root`` is where /proc and /sys are looked for."""
    limits = [
        limit for folder in _groups(root) for limit in (_number(folder, "memory.max"), _limit_v1(folder)) if limit
    ]
    shares = [share for folder in _groups(root) if (share := _share(folder))]
    memory_bytes = min([_total(root), *limits])
    cpus = min([len(os.sched_getaffinity(0)), *shares])
    return Machine(memory_bytes=memory_bytes, cpus=max(1, cpus))


def _total(root: Path) -> int:
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _groups(root: Path) -> list[Path]:
    """The folders of our control group and of those around it: each may set a tighter limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        names = [""] if not controllers else [name for name in controllers.split(",") if name in ("memory", "cpu")]
        for name in names:
            base = root / "sys/fs/cgroup" / name
            own = base / path.lstrip("/")
            found += [folder for folder in (own, *own.parents) if folder == base or base in folder.parents]
    return found


def _number(folder: Path, name: str) -> int | None:
    try:
        text = (folder / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _limit_v1(folder: Path) -> int | None:
    # version 1 writes "no limit" as a number near 2**63
    limit = _number(folder, "memory.limit_in_bytes")
    return limit if limit is not None and limit < 2**60 else None


def _share(folder: Path) -> int | None:
    try:
        quota, _, period = (folder / "cpu.max").read_text().strip().partition(" ")
    except OSError:
        quota, period = str(_number(folder, "cpu.cfs_quota_us") or ""), str(_number(folder, "cpu.cfs_period_us") or "")
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return max(1, int(quota) // int(period))
