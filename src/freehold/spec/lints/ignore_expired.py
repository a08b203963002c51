"""An accepted finding has outlived the day until which it was accepted.

Why: what was accepted for a while would otherwise be accepted for ever.

Bad:
    platform: shop
    services:
      orders:
    ignore: [{key: "a:orders:t", reason: until the rewrite, until: 2020-01-01}]

Good:
    platform: shop
    services:
      orders:
    ignore: [{key: "a:orders:t", reason: until the rewrite, until: 2999-01-01}]
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, dated_lint
from freehold.spec.model import Platform


@dated_lint("warning")
def ignore_expired(platform: Platform, today: str) -> Iterator[Note]:
    for ignore in platform.ignores:
        if today and ignore.until and ignore.until < today:
            message = f'"{ignore.key}" was accepted until {ignore.until}'
            yield Note(("ignore",), message, "Repair the finding, or give a new day and reason.")
