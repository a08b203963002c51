"""The layout is groups, but no group is declared.

Why: every service would get a database of its own, which is another layout.

Bad:
    platform: shop
    layout: groups
    services:
      orders:

Good:
    platform: shop
    layout: groups
    groups: {money: [orders]}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Layout, Platform


@lint("warning")
def layout_without_groups(platform: Platform) -> Iterator[Note]:
    if platform.layout is Layout.GROUPS and not platform.groups:
        hint = "Declare groups:, or write layout: database-per-service."
        yield Note(("layout",), "the layout is groups, but no group is declared", hint)
