"""A SECURITY DEFINER function has no search_path of its own.

Why: it runs with its owner's rights and finds names by its caller's search_path, so a caller who can create objects
anywhere on that path runs code as the owner.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, unread
from freehold.discover.live.resolve import readable
from freehold.discover.live.view import View
from freehold.sqltext import ident


@check("functions with their owner's rights fix their search_path")
def open_definer(view: View) -> Answer:
    wrong: list[Wrong] = []
    count = 0
    for database, contents in readable(view.live):
        for routine in contents.routines:
            if not routine.security_definer:
                continue
            count += 1
            if not routine.search_path:
                wrong.append(
                    Wrong(
                        f"function {ident(database.name, routine.schema, routine.name)}",
                        f'function "{routine.name}" runs as "{routine.owner}" with its caller\'s search_path',
                        f'SECURITY DEFINER without SET search_path, in schema "{routine.schema}" of database'
                        f' "{database.name}"',
                        (f"prosecdef of {ident(routine.schema, routine.name)} is true, proconfig sets no search_path",),
                    )
                )
    return Answer(f"{count} SECURITY DEFINER functions", tuple(wrong), "" if wrong else unread(view))
