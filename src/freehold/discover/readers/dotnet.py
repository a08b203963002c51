"""\
.NET: connection strings of ``appsettings*.json``, ``UseNpgsql`` in code, tables of Entity Framework migrations, Aspire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import connections, places
from freehold.discover.facts import Connection, Deployed, Fact, Migrated, Unreadable
from freehold.discover.made import DatabaseMade, TableMade
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, documents

_SETTINGS = re.compile(r"(^|/)(appsettings[\w.-]*|ocelot[\w.-]*|connectionstrings?)\.json$", re.IGNORECASE)
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*(?:Host|Server)\s*=(?:[^\"\\\n]|\\.)*)\"", re.IGNORECASE)
_CREATE = re.compile(r"CreateTable\(\s*name:\s*\"(?P<name>[^\"]+)\"(?P<rest>[^;]{0,200})", re.DOTALL)
_SCHEMA = re.compile(r"schema:\s*\"([^\"]+)\"")
_STATEMENT = re.compile(
    r"(?:(?:\bvar|[\w.]+(?:<[\w.<>]+>)?)\s+(?P<name>\w+)\s*=\s*)?(?P<chain>\b\w+\s*\.\s*Add\w+[^;]*);", re.DOTALL
)
_SERVER = re.compile(r"\.\s*AddPostgres\(\s*\"(?P<server>[^\"]+)\"")
_DATABASE = re.compile(r"\.\s*AddDatabase\(\s*\"(?P<resource>[^\"]+)\"\s*(?:,\s*\"(?P<database>[^\"]+)\")?")
_PROJECT = re.compile(r"\.\s*AddProject<(?:Projects\.)?(?P<project>[^>]+)>\(\s*\"(?P<name>[^\"]+)\"")


@reader(lambda path: bool(_SETTINGS.search(path)) or path.endswith(".cs"))
def dotnet(source: Source) -> Iterator[Fact]:
    text = source.text()
    if source.path.endswith(".cs"):
        yield from _code(source, text)
        return
    clean = re.sub(r"(?m)^\s*//.*$|(?<=[,{\[\s])//[^\n\"]*$", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    try:
        roots = documents(clean)
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not JSON: {error}")
        return
    environment = places.environment(source.path)
    for root in roots:
        for path, tree in root.walk():
            target = connections.parse(tree.text)
            if target is None or target.engine not in ("", "postgresql"):
                continue
            # ASP.NET takes ConnectionStrings__Orders before ConnectionStrings:Orders of the file
            variable = path.replace(".", "__")
            at = source.at(tree.line, f"{path}: {tree.text}")
            yield Connection(source.folder, at, f"${{{variable}:-{tree.text}}}", environment=environment)


def _code(source: Source, text: str) -> Iterator[Fact]:
    if "migrationBuilder" in text and "CreateTable" in text:
        up = text.partition("void Down(")[0]
        for match in _CREATE.finditer(up):
            schema = _SCHEMA.search(match["rest"].partition("columns:")[0])
            line = text.count("\n", 0, match.start()) + 1
            yield TableMade(schema[1] if schema else "", match["name"], source.at(line, f"CreateTable {match['name']}"))
        yield Migrated(source.folder, "entity framework", source.at(1, source.name))
    if "Npgsql" in text or "Postgre" in text or "Host=" in text:
        for match in _STRING.finditer(text):
            target = connections.parse(match[1])
            if target is not None and (target.engine == "postgresql" or ("Npgsql" in text and not target.engine)):
                line = text.count("\n", 0, match.start()) + 1
                yield Connection(
                    source.folder, source.at(line, match[0], LIKELY), "", target.database, target.host, target.login,
                    environment=places.environment(source.path),
                )  # fmt: skip
    if "AddPostgres(" in text and "AddDatabase(" in text:
        yield from _aspire(source, text)


def _aspire(source: Source, text: str) -> Iterator[Fact]:
    """An application model: which project references which database, statement by statement."""
    scope = f"aspire:{source.folder}"
    servers: dict[str, str] = {}
    made: dict[str, str] = {}
    for match in _STATEMENT.finditer(re.sub(r"//[^\n]*", lambda m: " " * len(m[0]), text)):
        name, chain = match["name"] or "", match["chain"]
        line = text.count("\n", 0, match.start("chain")) + 1
        server = _SERVER.search(chain)
        known = server["server"] if server else servers.get(re.split(r"\W", chain, maxsplit=1)[0], "")
        database = _DATABASE.search(chain) if known else None
        if database is not None:
            made[name] = database["database"] or database["resource"]
            yield DatabaseMade(made[name], source.at(line, chain), f"{scope}:{known}")
        elif server:
            servers[name] = known
        project = _PROJECT.search(chain)
        uses = re.findall(r"WithReference\(\s*(\w+)", chain) if project else []
        uses = [made[each] for each in uses if each in made]
        if project and uses:
            # the project is to a name here what an image is elsewhere
            at = source.at(line, f"AddProject {project['name']}")
            yield Deployed(project["name"], scope, at, image=project["project"].replace("_", "."))
            for each in uses:
                at = source.at(line, f"{project['name']} WithReference {each}")
                yield Connection(source.folder, at, "", each, how="configured", owner=project["name"])
