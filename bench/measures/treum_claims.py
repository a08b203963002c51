"""What TREUM's own document promises of separated databases, measured one cause at a time on this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.table import Measure, Table
from bench.treum import Platform, Variant
from bench.treumload import Figures, Sizes, measured

_VARIANTS = (
    Variant("one database, stock settings, keys alone, no pools", indexed=False, tuned=False, pooled=False),
    Variant("+ indexes", tuned=False, pooled=False),
    Variant("+ settings by profile", pooled=False),
    Variant("+ pools"),
    Variant("+ a database for each service", "database-per-service"),
    Variant("+ an instance for each service", "instance-per-service"),
)


def _row(variant: Variant, found: Figures, held: int) -> tuple[str, ...]:
    return (
        variant.name,
        f"{found.hot_ms:.2f} ms",
        f"{found.hot_p99_ms:.1f} ms",
        f"{found.rate:,.0f}",
        f"{found.wait_ms:.2f} ms",
        f"{found.held}" if found.held < held else f"all {found.held}",
        f"{found.rows_s:,.0f}",
        f"{found.copy_s:,.0f}",
    )


def _verdict(found: Sequence[Figures], pooled: bool) -> str:
    before, after = found[0], found[-1]
    steps = zip(_chosen(pooled)[1:], found, found[1:], strict=False)
    parts = ", ".join(f"{variant.name.removeprefix('+ ')} {_less(a.hot_ms, b.hot_ms)}" for variant, a, b in steps)
    both, copy, rows = (after.copy_s / before.rows_s, before.copy_s / before.rows_s, after.rows_s / before.rows_s)
    lines = (
        f"- response time of hot operations (claimed: 50 to 70 % lower): {_less(before.hot_ms, after.hot_ms)}",
        f"- step by step: {parts}",
        f"- concurrent clients held (claimed: 80 % more): {before.held} before, {after.held} after; no more were tried",
        f"- wait for a connection (claimed: 90 % less): {_less(before.wait_ms, after.wait_ms)}",
        f"- ingest (claimed: 3 times): {both:.1f} times; {copy:.1f} times by COPY alone, {rows:.1f} times without COPY",
    )
    return "From the first variant to the last, on this machine:\n\n" + "\n".join(lines)


def _less(before: float, after: float) -> str:
    part = (1 - after / before) * 100
    return f"{part:.0f} % lower" if part >= 0 else f"{-part:.0f} % higher"


def _chosen(pooled: bool) -> tuple[Variant, ...]:
    return tuple(one for one in _VARIANTS if pooled or not one.pooled)


def run(quick: bool) -> Table:
    """Each variant from nothing, one after the other."""
    pooled = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is not None
    sizes = Sizes(5_000, 2.0, 4, 130, 2_000) if quick else Sizes(300_000, 12.0, 8, 400, 30_000)
    found: list[Figures] = []
    for variant in _chosen(pooled):
        folder = Path(tempfile.mkdtemp(prefix="freehold-bench-", dir="/dev/shm"))
        folder.chmod(0o711)
        try:
            platform = Platform(folder, variant, sizes.orders)
            try:
                found.append(measured(platform.urls, sizes))
            finally:
                platform.run("down")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return Table(
        title="What TREUM's document promises",
        how=f"Three of its services with {sizes.orders:,} orders; {sizes.clients} clients look an order up by its "
        "reference, read the best of a book and place an order, while others log in and ticks arrive by COPY. The wait "
        "is until the first answer of a client that connects for each request. Clients, servers and pools share the "
        "machine, data lies in memory-backed storage.",
        columns=(
            "variant",
            "hot operations, median",
            "99 %",
            "a second",
            "wait for a connection",
            f"clients held of {sizes.held}",
            "ticks/s by INSERT",
            "ticks/s by COPY of 1,000",
        ),
        rows=tuple(_row(one, figures, sizes.held) for one, figures in zip(_chosen(pooled), found, strict=True)),
        reading=_verdict(found, pooled),
    )


treum_claims = Measure(run)
