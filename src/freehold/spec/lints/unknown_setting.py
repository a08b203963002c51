"""A setting has a name that no supported PostgreSQL knows.

Why: PostgreSQL refuses it at the apply, or in a configuration file does not start. A setting of an extension has a dot
in its name and is not judged; a developer option (``zero_damaged_pages``) is found too, which is why this is a warning.

Bad:
    platform: shop
    settings: {work_memm: 8MB}
    services:
      orders:

Good:
    platform: shop
    settings: {work_mem: 8MB, pg_stat_statements.max: 5000}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.homes import all_settings
from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.serverwide import KNOWN
from freehold.spec.values import near


@lint("warning")
def unknown_setting(platform: Platform) -> Iterator[Note]:
    for path, service, name, _ in all_settings(platform):
        if "." not in name and name.lower() not in KNOWN:
            hint = near(name, tuple(sorted(KNOWN))) or "Write the name as SHOW ALL does."
            yield Note(path, f'no PostgreSQL from 15 to 18 has a setting "{name}"', hint, service, name)
