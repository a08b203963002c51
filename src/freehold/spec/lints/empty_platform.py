"""A platform declares no service.

Why: nothing would be created; usually an include names the wrong folder or ``services:`` is misindented.

Bad:
    platform: shop

Good:
    platform: shop
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform


@lint("warning")
def empty_platform(platform: Platform) -> Iterator[Note]:
    if not platform.services:
        yield Note(("services",), f'platform "{platform.name}" has no services', "Add one below services:.")
