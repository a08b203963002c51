"""Helm values: the PostgreSQL subchart, external databases, and the variables that a chart gives its containers.

Values are read as they stand; templates are not rendered. A chart that goes through several services under one key is
none itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Connection, Deployed, Fact, Server, Unreadable, Variable
from freehold.discover.made import DatabaseMade
from freehold.discover.model import LIKELY, Evidence
from freehold.discover.readers._kind import Source, reader
from freehold.discover.scripts import script_facts
from freehold.discover.yamltree import NotYaml, Tree, documents

_NAMED = re.compile(r"(^|/)values[^/]*\.ya?ml$")
_UPPER = re.compile(r"^[A-Z][A-Z0-9_]*$")
_OURS = ("postgresql", "postgres", "postgresql-ha", "postgresqlha")
_FOREIGN = {"externalDatabase", "externaldatabase", "database", "db", "externalPostgresql", "postgresqlExternal"}


@reader(lambda path: bool(_NAMED.search(path)))
def helm(source: Source) -> Iterator[Fact]:
    try:
        roots = documents(source.text())
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    chart = source.folder.rpartition("/")[2] or "chart"
    scope = f"helm:{source.folder}"
    for root in roots:
        for name, tree in root.map().items():
            if name in _OURS and tree.is_map:
                yield from _subchart(source, scope, name, tree)
        globally = root.get("global", "postgresql", "auth", "database")
        if globally.text:
            yield DatabaseMade(
                globally.text, source.at(globally.line, f"database: {globally.text}"), f"{scope}:postgresql"
            )
        parts = {name: tree for name, tree in root.map().items() if name not in _OURS and name != "global"}
        several = {n: t for part in parts.values() for n, t in part.map().items() if t.get("image").node is not None}
        if len(several) < 2:
            yield from _application(source, scope, chart, root)
        for name, tree in (parts | several).items():
            if tree.is_map and any(tree.get(key).node is not None for key in ("image", "workload", "replicaCount")):
                yield from _application(source, scope, name, tree)


def _subchart(source: Source, scope: str, name: str, tree: Tree) -> Iterator[Fact]:
    if tree.get("enabled").text == "false":
        return
    yield Server(name, scope, source.at(tree.line, f"{name}:"), aliases=(f"{name}-primary",))
    names: tuple[tuple[str, ...], ...] = (("auth", "database"), ("postgresqlDatabase",))
    for path in (*names, ("global", "postgresql", "auth", "database")):
        database = tree.get(*path)
        if database.text and "{{" not in database.text:
            yield DatabaseMade(database.text, source.at(database.line, f"database: {database.text}"), f"{scope}:{name}")
    scripts: tuple[tuple[str, ...], ...] = (("primary", "initdb", "scripts"), ("initdbScripts",), ("initdb", "scripts"))
    for path in scripts:
        for key, script in tree.get(*path).map().items():
            first = script.line

            def at(line: int, text: str, confidence: float, first: int = first) -> Evidence:
                return source.at(first + line, text, confidence)

            yield from script_facts(script.text.split("\n"), at, path=f"{source.path}/{key}")


def _application(source: Source, scope: str, name: str, tree: Tree) -> Iterator[Fact]:
    environment = places.environment(source.path)
    holder = f"service:{scope}:{name}"
    found: list[Fact] = []
    for key in (
        "env",
        "extraEnv",
        "extraEnvVars",
        "envVars",
        "environment",
        "config",
        "configMap",
        "configmap",
        "secrets",
    ):
        part = tree.get(key)
        part = part if part.is_list or part.is_map else tree.get("container", key)
        part = part.get("data") if part.get("data").is_map else part
        if part.is_list:
            for item in part.list():
                variable, value = item.get("name").text, item.get("value")
                if value.text:
                    found.append(
                        Variable(
                            holder, variable, value.text, source.at(item.line, f"{variable}: {value.text}"), environment
                        )
                    )
        for variable, value in part.map().items():
            text = value.text or value.get("value").text
            if _UPPER.match(variable) and text:
                found.append(
                    Variable(holder, variable, text, source.at(value.line, f"{variable}: {text}"), environment)
                )
    for key, part in tree.map().items():
        database = part.get("database") if part.get("database").text else part.get("name")
        if key in _FOREIGN and database.text and "{{" not in database.text and _postgres(part):
            where = source.at(database.line, f"{key}: {database.text}", LIKELY)
            user = part.get("user").text or part.get("username").text
            found.append(Connection(source.folder, where, "", database.text, part.get("host").text, user,
                                    environment=environment, how="configured", owner=name))  # fmt: skip
    if found:
        yield Deployed(name, scope, source.at(tree.line or 1, name), "", _image(tree), environment)
        yield from found


def _image(tree: Tree) -> str:
    """The image that values name, in the forms that charts use."""
    for path in (("image",), ("container", "image"), ("workload", "image")):
        image = tree.get(*path)
        if image.text or image.get("repository").text:
            return image.text or image.get("repository").text
    return ""


def _postgres(part: Tree) -> bool:
    words = " ".join(value.text for value in part.map().values())
    return "5432" in words or "postgres" in words.lower()
