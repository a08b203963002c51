"""A key, view, function, policy or statement ties tables of two services together.

Why: neither can be moved, restored or changed alone while the other does not know. Inside one database that may be
wanted: then declare it under `reads:` or `references:`. Between services that shall part it is what must be cut.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check
from freehold.discover.live.coupling import Edge
from freehold.discover.live.view import View
from freehold.spec.names import show_table
from freehold.sqltext import ident

_SHOWN = 20


@check("services keep to their own tables", "info")
def crossing_between_services(view: View) -> Answer:
    tables = sum(len(drawn.tables) for drawn in view.graphs.values())
    if not tables:
        return Answer("no table was read", unknown="no table could be read")
    pairs: dict[tuple[str, str, str], list[Edge]] = {}
    for database, edge, one, other in view.crossings():
        a, b = sorted((one, other))
        pairs.setdefault((database, a, b), []).append(edge)
    blind = sum(drawn.unparsed + drawn.dynamic for drawn in view.graphs.values())
    looked = f"{tables} tables and {sum(len(drawn.edges) for drawn in view.graphs.values())} ties between them"
    if blind:
        looked += f"; {blind} statements are built at run time or could not be parsed"
    return Answer(
        looked,
        tuple(
            Wrong(
                f"database {ident(database)}: {ident(one)} and {ident(other)}",
                f'"{one}" and "{other}" are tied together in database "{database}"',
                f"{len(edges)} times: " + ", ".join(sorted({edge.tie.value for edge in edges})),
                tuple(f"{show_table(edge.a)} and {show_table(edge.b)}: {edge.evidence}" for edge in edges[:_SHOWN]),
                service=one,
            )
            for (database, one, other), edges in sorted(pairs.items())
        ),
    )
