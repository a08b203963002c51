"""What was discovered, as the facts that layouts are judged by, and the recommendation that comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from freehold.discover.live.owners import SURE
from freehold.discover.live.view import View
from freehold.discover.model import Discovery, Evidence, Recommendation, Score, Use
from freehold.finding import Evidence as Shown
from freehold.layouts.advice import CLOSE, Advice, advise, sentence
from freehold.layouts.criteria._kind import Loss
from freehold.layouts.facts import CrossingFact, CrossingKind, Facts, Home, ServiceFact
from freehold.layouts.score import Weights

_KINDS = {
    "foreign key": CrossingKind.REFERENCE,
    "key": CrossingKind.REFERENCE,
    "read": CrossingKind.READ,
    "join": CrossingKind.JOIN,
    "statement": CrossingKind.JOIN,
    "view": CrossingKind.VIEW,
    "materialized view": CrossingKind.VIEW,
}
_WHERE = {"configured": 0, "live": 0, "default": 1, "example": 2}
_FLIPS_SHOWN = 3


def facts_of(discovery: Discovery, view: View | None = None) -> Facts:
    """The facts of a discovery. Sizes, connections and max_connections are known where a server was read."""
    homes = dict(_homes(discovery))
    # a front end without data is placed nowhere, so no layout serves it better
    owning = [one for one in discovery.services if one.databases or one.schemas or one.tables]
    sizes = _sizes(discovery, view)
    most = view.live.server.settings.get("max_connections") if view is not None else None
    services = tuple(
        ServiceFact(
            name=service.name,
            connections=_connections(service.name, discovery, view),
            bytes=sizes.get(service.name),
            evidence=tuple(at.shown() for at in service.evidence[:3]),
        )
        for service in owning
    )
    known = most.value if most is not None and most.value.isdecimal() else ""
    return Facts(
        services=services,
        crossings=tuple(
            CrossingFact(
                _KINDS.get(one.how.lower(), CrossingKind.FUNCTION),
                one.service,
                one.to_service,
                f"{one.how}: {one.table} and {one.to_table}" if one.table else f"{one.how} of {one.to_table}",
                (one.at.shown(),),
            )
            for one in discovery.crossings
        ),
        max_connections=int(known) if known else None,
        connections_evidence=(Shown(f"max_connections = {known} on the server"),) if known else (),
        homes=homes if len(homes) == len(services) else {},
        shared_login=_shared(discovery, view),
    )


def recommended(discovery: Discovery, view: View | None = None, weights: Weights | None = None) -> Recommendation:
    """The layout that serves what was discovered best; empty where no service was."""
    if any(one.databases or one.schemas or one.tables for one in discovery.services):
        found = recommendation(advise(facts_of(discovery, view), weights))
        return replace(found, reasons=(*found.reasons, *_doubts(view)))
    proposed = proposed_facts(view) if view is not None else Facts(())
    if len(proposed.services) < 2:
        return Recommendation()
    found = recommendation(advise(proposed, weights))
    first = "nobody knows who uses these tables: what was scored are the proposed services, not real ones"
    return replace(found, reasons=(first, *found.reasons))


def _doubts(view: View | None) -> Iterator[str]:
    """What a server leaves open that would change the facts."""
    every = [table for drawn in view.graphs.values() for table in drawn.tables] if view is not None else []
    sure = sum(
        one.confidence >= SURE
        for owners in (view.owned.values() if view is not None else ())
        for one in owners.values()
    )
    if sure < len(every):
        yield (
            f"{len(every) - sure} of {len(every)} tables belong to nobody for sure, so more may cross between"
            " services than is counted here"
        )


def proposed_facts(view: View) -> Facts:
    """The facts as they would be if the proposals of all databases were the services: all of one login, today."""
    services: list[ServiceFact] = []
    crossings: list[CrossingFact] = []
    homes: dict[str, Home] = {}
    for database, proposed in view.boundaries.items():
        contents = view.live.databases[database].contents
        sizes = {table.name: table.bytes for table in contents.tables} if contents else {}
        names = {
            one.name: one.name if len(view.boundaries) == 1 else f"{database}: {one.name}" for one in proposed.proposals
        }
        for one in proposed.proposals:
            name = names[one.name]
            homes[name] = Home("main", database)
            seen = Shown(f'{len(one.tables)} tables of database "{database}" that belong together')
            services.append(ServiceFact(name, bytes=sum(sizes.get(table, 0) for table in one.tables), evidence=(seen,)))
        for cut in proposed.cuts:
            kind = _KINDS.get(cut.edge.tie.value, CrossingKind.FUNCTION)
            said = (Shown(cut.edge.evidence),)
            crossings.append(CrossingFact(kind, names[cut.a], names[cut.b], cut.edge.evidence, said))
    return Facts(tuple(services), tuple(crossings), homes=homes, shared_login=True)


def recommendation(advice: Advice) -> Recommendation:
    """Advice in the nouns of discovery: one score for each layout and criterion, then the reasons and what would turn
    the answer."""
    best = advice.scores.best
    first = f"{best.layout.value} scores best, {best.score:.1f} of 100"
    if advice.rival is not None:
        first += f", {advice.scores.margin:.1f} ahead of {advice.rival.layout.value}"
        first += ": as good as equal" if advice.scores.margin < CLOSE else ""
    scores = tuple(
        Score(
            scored.layout.value,
            one.criterion,
            round(one.points, 3),
            one.weight,
            "; ".join(loss.text for loss in one.losses[:3]) or one.title,
            tuple(_places(one.losses)),
        )
        for scored in advice.scores.layouts
        for one in scored.judged
    )
    return Recommendation(
        layout=advice.layout.value,
        scores=scores,
        reasons=(
            first,
            *(sentence(reason, advice) for reason in advice.reasons),
            *(f"{flip.change}: then {flip.layout.value}" for flip in advice.flips[:_FLIPS_SHOWN]),
            *(f"{name} says nothing: {why}" for name, why in advice.scores.silent.items()),
        ),
    )


def with_recommendation(discovery: Discovery, view: View | None = None, weights: Weights | None = None) -> Discovery:
    """The discovery with its recommendation."""
    return replace(discovery, recommendation=recommended(discovery, view, weights))


def _places(losses: tuple[Loss, ...]) -> Iterator[Evidence]:
    seen = dict.fromkeys(item for loss in losses for item in loss.evidence)
    yield from (Evidence(item.file, item.line, item.text) for item in list(seen)[:10])


def _homes(discovery: Discovery) -> Iterator[tuple[str, Home]]:
    """Where each service lives today: the database that its surest place names."""
    best: dict[str, Use] = {}
    for use in discovery.uses:
        if use.environment == "test" or not use.database:
            continue
        before = best.get(use.service)
        if before is None or _rank(use) < _rank(before):
            best[use.service] = use
    for service in discovery.services:
        if service.name in best:
            use = best[service.name]
            yield service.name, Home(use.server, use.database)
        elif service.databases:
            yield service.name, Home("", service.databases[0])


def _rank(use: Use) -> tuple[int, float, str]:
    return _WHERE.get(use.how, 3), -use.at.confidence, use.database


def _sizes(discovery: Discovery, view: View | None) -> Mapping[str, int]:
    """Bytes of each service's tables on the server; those of nobody's tables are left out."""
    if view is None:
        return {}
    there = {
        (database.name, table.name.schema, table.name.table): table.bytes
        for database in view.used
        if database.contents is not None
        for table in database.contents.tables
    }
    found: dict[str, int] = {}
    counted: set[tuple[str, str, str]] = set()
    for table in discovery.tables:
        key = (table.database, table.schema, table.name)
        if table.service and key in there and key not in counted:
            counted.add(key)
            found[table.service] = found.get(table.service, 0) + there[key]
    return found


def _connections(service: str, discovery: Discovery, view: View | None) -> int:
    """The most connections of a service's logins at one look."""
    if view is None:
        return 0
    logins = {(use.login, use.database) for use in discovery.uses if use.service == service and use.how == "live"}
    return sum(
        one.most
        for one in view.clients.seen
        if (one.login, one.database) in logins and one.login not in view.clients.shared
    )


def _shared(discovery: Discovery, view: View | None) -> bool:
    """Whether the services connect as one: on the server, or by what the files say of all of them."""
    if view is not None and view.clients.seen:
        return bool(view.clients.shared) and len(view.clients.shared) == len({one.login for one in view.clients.seen})
    logins = {use.login for use in discovery.uses if use.environment != "test" and use.login and use.how != "example"}
    return len(logins) == 1 and len(discovery.services) > 1
