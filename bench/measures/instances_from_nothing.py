"""Embedded instances from nothing: made and started side by side, started again, against one after another by hand."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from bench.lab import lab
from bench.platforms import platform
from bench.table import Measure, Table, ratio, seconds, timed
from freehold.spec.model import Layout


def _by_hand(bin_folder: Path, account: tuple[int, int] | None, count: int) -> float:
    """initdb one after another, the floor of making one instance times the count."""

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="freehold-bench-", dir="/dev/shm") as folder:
            Path(folder).chmod(0o777)
            for number in range(count):
                subprocess.run(
                    [bin_folder / "initdb", "-D", f"{folder}/{number}", "-U", "postgres", "-A", "trust"],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    cwd="/",
                    user=account[0] if account else None,
                    group=account[1] if account else None,
                    extra_groups=[] if account else None,
                )

    return timed(work)


def _one(count: int) -> tuple[str, ...]:
    what = platform(count, Layout.INSTANCE_PER_SERVICE)
    holder = {}

    def whole() -> None:
        with lab(what) as ours:
            account = ours.embedded.account
            holder["account"] = (account.uid, account.gid) if account.hands_over else None
            holder["bin"] = ours.bin
            holder["down"] = timed(lambda: ours.embedded.down(ours.placements.instances))
            holder["again"] = timed(lambda: ours.embedded.up(ours.placements.instances, ours.secrets.password))
            holder["second"] = timed(lambda: ours.embedded.up(ours.placements.instances, ours.secrets.password))
            ours.embedded.purge(ours.placements.instances)

    total = timed(whole)
    made = total - holder["down"] - holder["again"] - holder["second"]
    hand = _by_hand(holder["bin"], holder["account"], count)
    return (
        str(count),
        seconds(made),
        seconds(holder["again"]),
        seconds(holder["second"]),
        seconds(holder["down"]),
        seconds(hand),
        ratio(made, hand),
    )


def run(quick: bool) -> Table:
    """Each size once; the first column of times holds the purge as well."""
    return Table(
        title="Embedded instances from nothing",
        how="In memory-backed storage. Made: initdb, configuration, start and the final removal, side by side. "
        "By hand: initdb alone, one after another.",
        columns=("instances", "made and started", "started again", "up when up", "stopped", "initdb by hand", "ratio"),
        rows=tuple(_one(size) for size in ((2,) if quick else (1, 9, 50))),
    )


instances_from_nothing = Measure(run)
