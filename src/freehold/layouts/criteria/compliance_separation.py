"""Whether regulated data is apart from services that do not fall under the same rule.

A service with a `classification:` (pci, gdpr, mifid ..) that shares a login with a service outside its class brings
that service, its team and its backups into the scope of an audit (100). Sharing a database costs 70 for pci and 40 for
any other class, sharing a server 35 for pci and 15 for any other. The points are the mean over the classified
services. Services of one class do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion, quoted
from freehold.layouts.facts import Arrangement, Facts, ServiceFact

_LOGIN = 100
_DATABASE = {"pci": 70}
_SERVER = {"pci": 35}
_OTHER_DATABASE, _OTHER_SERVER = 40, 15


def _silent(facts: Facts) -> str:
    return "" if any(service.classification for service in facts.services) else "no service has a classification"


@criterion("regulated data apart from the rest", 4, _silent)
def compliance_separation(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    classified = [service for service in facts.services if service.classification]
    for service in classified:
        worst = max(
            (_of(facts, arrangement, service, rule) for rule in service.classification), key=lambda found: found[0]
        )
        yield Loss(worst[0] / len(classified), worst[1], service.evidence)


def _of(facts: Facts, arrangement: Arrangement, service: ServiceFact, rule: str) -> tuple[int, str]:
    strangers = [other for other in facts.services if other is not service and rule not in other.classification]
    login = [
        one.name for one in strangers if arrangement.shared_login and not (one.whole_database or service.whole_database)
    ]
    database = [one.name for one in strangers if arrangement.same_database(service.name, one.name)]
    server = [one.name for one in strangers if arrangement.same_instance(service.name, one.name)]
    if login:
        return _LOGIN, f'{rule} data of "{service.name}" shares its login with {quoted(login)}'
    if database:
        points = _DATABASE.get(rule, _OTHER_DATABASE)
        return points, f'{rule} data of "{service.name}" shares its database with {quoted(database)}'
    if server:
        return _SERVER.get(
            rule, _OTHER_SERVER
        ), f'{rule} data of "{service.name}" shares its server with {quoted(server)}'
    return 0, ""
