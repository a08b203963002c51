"""Proposed boundaries of services inside one database: which tables belong together, and what the cut would cost.

Communities are found by the Louvain method with a fixed seed over numbered tables: the same database always gives the
same answer. A table without any tie is a proposal of its own kind (``unplaced``), never forced into a neighbour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freehold.discover.live.coupling import HARD, Edge, Graph, words_of
from freehold.spec.tables import TableName

SEED = 1
RESOLUTION = 1.5
"""Chosen on the examples Alphintra and trading system; bench/RESULTS.md has the agreement on the others."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A tie that the boundaries would cut: it must become a call, a replica, a soft reference, or go."""

    edge: Edge
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A group of tables that could be one service. ``cohesion`` is the share of its ties' weight that stays inside,
    0 to 1: near 1 it stands alone already."""

    name: str
    tables: tuple[TableName, ...]
    cohesion: float
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The proposals for one database, largest first, and the tables about which nothing is known."""

    database: str
    proposals: tuple[Proposal, ...]
    unplaced: tuple[TableName, ...]
    cuts: tuple[Cut, ...]

    @property
    def groups(self) -> Mapping[TableName, str]:
        """The proposal of each placed table."""
        return {table: one.name for one in self.proposals for table in one.tables}


def boundaries(graph: Graph, resolution: float = RESOLUTION) -> Boundaries:
    """Boundaries for one database; a higher ``resolution`` gives more and smaller services."""
    weights: dict[tuple[TableName, TableName], float] = {}
    for edge in graph.edges:
        weights[edge.a, edge.b] = weights.get((edge.a, edge.b), 0.0) + edge.weight
    tied = sorted({table for pair in weights for table in pair})
    groups = [[tied[number] for number in members] for members in communities(tied, weights, resolution)]
    groups.sort(key=lambda members: (-len(members), members))
    names = _names(groups)
    home = {table: name for name, members in zip(names, groups, strict=True) for table in members}
    cuts = tuple(
        Cut(edge, home[edge.a], home[edge.b])
        for edge in graph.edges
        if edge.tie in HARD and home[edge.a] != home[edge.b]
    )
    cohesions = _cohesions(home, weights)
    cut: dict[str, list[Cut]] = {}
    for one in cuts:
        cut.setdefault(one.a, []).append(one)
        cut.setdefault(one.b, []).append(one)
    proposals = tuple(
        Proposal(name, tuple(members), cohesions[name], tuple(cut.get(name, ())))
        for name, members in zip(names, groups, strict=True)
    )
    unplaced = tuple(table for table in graph.tables if table not in home)
    return Boundaries(graph.database, proposals, unplaced, cuts)


def communities(
    tied: Sequence[TableName], weights: Mapping[tuple[TableName, TableName], float], resolution: float
) -> list[list[int]]:
    """The communities as sorted lists of places in ``tied``."""
    if not tied:
        return []
    import networkx  # a quarter of a second, and only those who ask for boundaries pay it

    places = {table: number for number, table in enumerate(tied)}
    drawn: networkx.Graph[int] = networkx.Graph()
    # numbers, since sets of texts have another order in every process, and the method follows the order
    drawn.add_nodes_from(range(len(tied)))
    for (a, b), weight in sorted(weights.items()):
        drawn.add_edge(places[a], places[b], weight=weight)
    found = networkx.community.louvain_communities(drawn, weight="weight", resolution=resolution, seed=SEED)
    return sorted(sorted(members) for members in found)


def _cohesions(
    home: Mapping[TableName, str], weights: Mapping[tuple[TableName, TableName], float]
) -> Mapping[str, float]:
    inside: dict[str, float] = {}
    touching: dict[str, float] = {}
    for (a, b), weight in sorted(weights.items()):
        for name in {home[a], home[b]}:
            touching[name] = touching.get(name, 0.0) + weight
        if home[a] == home[b]:
            inside[home[a]] = inside.get(home[a], 0.0) + weight
    return {name: round(inside.get(name, 0.0) / total, 3) for name, total in touching.items()}


def _names(groups: Sequence[Sequence[TableName]]) -> list[str]:
    """A name for each group: the word that most of its tables' names have and those of other groups have least."""
    spread: Counter[str] = Counter(
        word for members in groups for table in members for word in set(words_of(table.table))
    )
    names: list[str] = []
    for members in groups:
        counts = Counter(word for table in members for word in set(words_of(table.table)) if len(word) > 2)
        ranked = sorted(counts, key=lambda word: (-(counts[word] ** 2) / spread[word], word))
        first = next((word for word in ranked if word not in names), "")
        number = len(names) + 1
        names.append(first or f"group-{number}")
    return names
