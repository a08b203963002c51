"""A live reading with everything that is concluded from it, once: what checks and the picture look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from freehold.discover.live.boundaries import Boundaries, boundaries
from freehold.discover.live.clients import Clients
from freehold.discover.live.coupling import HARD, Edge, Graph, graph
from freehold.discover.live.model import LiveDatabase, LiveServer
from freehold.discover.live.owners import SURE, Owned, owned
from freehold.discover.live.resolve import readable
from freehold.spec.tables import TableName


@dataclass(frozen=True)
class View:
    """The conclusions for each database that was read."""

    live: LiveServer
    clients: Clients
    graphs: Mapping[str, Graph]
    boundaries: Mapping[str, Boundaries]
    owned: Mapping[str, Mapping[TableName, Owned]]

    def crossings(self, least: float = SURE) -> Iterator[tuple[str, Edge, str, str]]:
        """(database, edge, service, service) of every tie between tables of two services that are known this surely."""
        for database, drawn in self.graphs.items():
            owners = self.owned[database]
            for edge in drawn.edges:
                one, other = owners.get(edge.a), owners.get(edge.b)
                if edge.tie not in HARD or one is None or other is None or one.service == other.service:
                    continue
                if min(one.confidence, other.confidence) >= least:
                    yield database, edge, one.service, other.service

    @property
    def used(self) -> tuple[LiveDatabase, ...]:
        """The databases of services: no templates, and not the maintenance database while nothing is in it."""
        found = []
        for name, database in sorted(self.live.databases.items()):
            known = self.live.server.databases.get(name)
            empty = database.contents is not None and not database.contents.tables
            if known is None or known.is_template or (name == "postgres" and empty):
                continue
            found.append(database)
        return tuple(found)


def view(live: LiveServer) -> View:
    """Draw all conclusions."""
    clients = Clients(live)
    graphs: dict[str, Graph] = {}
    proposed: dict[str, Boundaries] = {}
    owners: dict[str, Mapping[TableName, Owned]] = {}
    for database, contents in readable(live):
        drawn = graph(live, database.name, contents)
        graphs[database.name] = drawn
        proposed[database.name] = boundaries(drawn)
        owners[database.name] = owned(live, database.name, contents, clients, proposed[database.name])
    return View(live, clients, MappingProxyType(graphs), MappingProxyType(proposed), MappingProxyType(owners))
