"""A live reading with everything that is concluded from it, once: what checks and the picture look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from freehold.discover.live.boundaries import Boundaries, boundaries
from freehold.discover.live.clients import Clients
from freehold.discover.live.coupling import HARD, Edge, Graph, graph
from freehold.discover.live.model import LiveDatabase, LiveServer
from freehold.discover.live.owners import SURE, Owned, owners
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
            owned = self.owned[database]
            for edge in drawn.edges:
                one, other = owned.get(edge.a), owned.get(edge.b)
                if edge.tie not in HARD or one is None or other is None or one.service == other.service:
                    continue
                # what is a copy may be read: that is what it is for
                if not (one.copy or other.copy) and min(one.confidence, other.confidence) >= least:
                    yield database, edge, one.service, other.service

    def reads(self) -> Iterator[tuple[str, str, str, TableName]]:
        """(database, service, service, table) of each table of another database of which one is read here by a foreign
        table or a replica, where one service alone lives here."""
        for database, owned in self.owned.items():
            here = {one.service for one in owned.values() if not one.copy and one.confidence >= SURE}
            for table, one in owned.items():
                if one.copy and len(here) == 1 and one.service not in here:
                    yield database, next(iter(here)), one.service, table

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
    for database, contents in readable(live):
        drawn = graph(live, database.name, contents)
        graphs[database.name] = drawn
        proposed[database.name] = boundaries(drawn)
    owned = owners(live, clients, proposed)
    return View(live, clients, MappingProxyType(graphs), MappingProxyType(proposed), MappingProxyType(dict(owned)))
