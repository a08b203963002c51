"""Nobody records which statements are run.

Why: without pg_stat_statements nobody can tell which service joins which tables, what is slow and what is never used.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check
from freehold.discover.live.view import View


@check("statements are recorded", "info")
def statements_recorded(view: View) -> Answer:
    if view.live.statements is not None:
        return Answer(f"{len(view.live.statements)} statements of pg_stat_statements")
    return Answer(
        "pg_stat_statements",
        (
            Wrong(
                "server",
                "statements are not recorded, or not for this login",
                "pg_stat_statements could not be read, so joins show only in keys, views and functions",
                tuple(f"{one.what}: {one.why}" for one in view.live.unseen if "statements" in one.what),
            ),
        ),
    )
