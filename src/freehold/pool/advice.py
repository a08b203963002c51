"""The size a pool should have, from what its PgBouncer measured."""

from __future__ import annotations

from math import ceil, sqrt

from freehold.pool.model import Advice, Totals

SPREAD = 2.0
"""How many standard deviations of the number of busy connections a pool should hold."""
ENOUGH_TRANSACTIONS = 100
"""Below this a window says nothing about the load of other hours."""
TOLERATED_WAIT_MS = 1.0


def advise(service: str, declared: int, window: Totals, window_s: float) -> Advice:
    """Square-root staffing: the mean number of busy connections (Little's law: the time transactions held a server
    in the window, over the window) plus ``SPREAD`` times its square root, as for arrivals that know nothing of each
    other. A pool in which clients waited is never advised to shrink, and is advised at least one connection more.

    ``window`` holds what was added in ``window_s`` seconds.
    """
    busy = window.busy_us / 1e6 / window_s if window_s > 0 else 0.0
    wait_ms = window.waited_us / 1000 / window.transactions if window.transactions else 0.0
    rate = window.transactions / window_s if window_s > 0 else 0.0
    needed = max(1, ceil(busy + SPREAD * sqrt(busy)))
    if window.transactions < ENOUGH_TRANSACTIONS:
        advised, reason = declared, f"only {window.transactions} transactions in {window_s:.0f} s: too few to judge"
    elif wait_ms > TOLERATED_WAIT_MS:
        advised = max(needed, declared + 1)
        reason = f"a transaction waited {wait_ms:.1f} ms for a connection on average"
    elif needed < declared:
        advised, reason = needed, f"{busy:.1f} of {declared} connections were busy on average"
    else:
        advised, reason = declared, f"{busy:.1f} connections were busy on average, and nobody waited long"
    return Advice(service, declared, advised, busy, wait_ms, rate, reason)
