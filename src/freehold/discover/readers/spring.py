"""Spring Boot, Quarkus and Micronaut: data sources of ``application*.yml`` and ``.properties``, profiles, defaults.

``${A:${B:c}}`` is followed, and ``${a.b}`` to the key of the same file; every ``*.url`` with a PostgreSQL URL counts,
R2DBC and Flyway's own too. What the file is for is told by its profile. A file of a configuration server
(``orders.yml``, ``orders-prod.yml`` beside others) belongs to the service it is named after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Connection, Fact, Imported, Secret, Unreadable
from freehold.discover.made import SchemaMade
from freehold.discover.model import LIKELY
from freehold.discover.properties import Property, of_properties, of_yaml
from freehold.discover.readers._kind import Source, reader
from freehold.discover.readers._shared import SERVED, served_by_spring
from freehold.discover.secrets import in_url, real
from freehold.discover.yamltree import NotYaml

_NAMED = re.compile(r"(^|/)(application|bootstrap)([-.][\w.-]+)?\.(ya?ml|properties)$")
_URL = re.compile(r"(^|[.\]])(url|jdbc-?url|jdbcUrl|reactive\.url|jdbc\.url)$", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{(?P<key>[A-Za-z][\w.]*(?:-(?!-)[\w.]+)*)(?::-(?P<default>[^${}]*))?\}")
_DEPTH_MAX = 8
_SCHEMA = re.compile(r"(default[-_]schema|flyway\.schemas|flyway\.default-schema|liquibase\.default-schema)(\.0)?$")


@reader(lambda path: bool(_NAMED.search(path) or SERVED.search(path)))
def spring(source: Source) -> Iterator[Fact]:
    text = source.text()
    yield from _imports(source, text)
    if (
        "datasource" not in text.lower()
        and "r2dbc" not in text
        and "jdbc:" not in text
        and "flyway" not in text
        and "postgres" not in text
    ):
        return
    try:
        found = list(of_properties(text) if source.path.endswith(".properties") else of_yaml(text))
    except NotYaml as error:
        if "@" not in text and "{{" not in text:
            yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    if SERVED.search(source.path) and _NAMED.search(source.path):
        return  # what a configuration server gives to all is no setting of its own
    if SERVED.search(source.path) and not served_by_spring(text):
        return  # a folder called config that is a program's own
    served = SERVED.search(source.path) if not _NAMED.search(source.path) else None
    names = {each.key: each.value for each in found}
    profile = _profile(source.name)
    for each in found:
        yield from _property(source, each, names, profile, served["name"] if served else "")


def _imports(source: Source, text: str) -> Iterator[Fact]:
    """The files of settings that this one takes in, by their names: ``spring.config.import``, ``profiles.include``."""
    if "import" not in text and "include" not in text:
        return
    try:
        found = list(of_properties(text) if source.path.endswith(".properties") else of_yaml(text))
    except NotYaml:
        return
    for each in found:
        key = re.sub(r"(\[\d+\]|\.\d+)$", "", each.key)
        for value in each.value.split(","):
            at = source.at(each.line, f"{each.key}: {value}")
            if key == "spring.config.import" and "classpath" in value:
                yield Imported(value.strip().rpartition("/")[2].rpartition(":")[2], at)
            elif key in ("spring.profiles.include", "spring.profiles.group.default"):
                yield Imported(f"application-{value.strip()}.", at)


def _property(source: Source, each: Property, names: dict[str, str], profile: str, owner: str) -> Iterator[Fact]:
    environment = places.environment(source.path) or places.word(each.profile or profile)
    value = _followed(each.value, names)
    if _URL.search(each.key) and re.search(r"postgres(ql)?:", value):
        user = names.get(re.sub(r"(?i)(jdbc-?)?url$", "username", each.key), "")
        owner = places.without_environment(owner)
        # Spring takes the variable named like the key before what the file says
        url = value if value.startswith("${") else f"${{{each.key}:-{value}}}"
        yield Connection(source.folder, source.at(each.line, f"{each.key}: {each.value}"), url, "", "", user,
                         environment=environment, owner=owner)  # fmt: skip
        if (password := in_url(each.value)) and real(password):
            yield Secret(f"{each.key}", source.at(each.line, each.key))
    elif each.key.endswith((".password", ".passwd")) and "datasource" in each.key.lower():
        if "${" not in each.value and real(each.value) and environment != "test":
            yield Secret(each.key, source.at(each.line, f"{each.key}: ***"))
    elif _SCHEMA.search(each.key):
        for name in each.value.split(","):
            if name.strip() and "$" not in name and name.strip() != "public":
                yield SchemaMade(name.strip(), source.at(each.line, f"{each.key}: {each.value}", LIKELY))


def _followed(value: str, names: dict[str, str], depth: int = 0) -> str:
    """The value with each ``${key}`` of the same file in its place; what else has a hyphen is a variable in capitals,
    as Spring and Quarkus look for it."""

    def put(match: re.Match[str]) -> str:
        key, default = match["key"], match["default"]
        if key in names and names[key] != match[0] and depth < _DEPTH_MAX:
            return _followed(names[key], names, depth + 1)
        shown = re.sub(r"[.-]+", "_", key).upper() if "-" in key else key
        return f"${{{shown}:-{default}}}" if default is not None else f"${{{shown}}}"

    return _PLACEHOLDER.sub(put, value)


def _profile(name: str) -> str:
    match = re.match(r"(?:application|bootstrap)[-.](?P<profile>[\w-]+)\.(?:ya?ml|properties)$", name)
    return match["profile"] if match else ""
