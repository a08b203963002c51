"""Resources of PostgreSQL operators: CloudNativePG with its Databases and Poolers, Zalando's and Crunchy's clusters."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.connections import NOBODYS
from freehold.discover.facts import DatabaseMade, Fact, Pooled, RoleMade, SchemaMade, Server
from freehold.discover.pools import EVERY
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, Tree, documents

_GROUPS = ("postgresql.cnpg.io", "acid.zalan.do", "postgres-operator.crunchydata.com")


@reader(lambda path: path.endswith((".yaml", ".yml")))
def postgres_operators(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not any(group in text for group in _GROUPS):
        return
    try:
        found = documents(text)
    except NotYaml:
        return  # the reader of manifests says so
    for document in found:
        group = document.get("apiVersion").text.partition("/")[0]
        made = {
            ("postgresql.cnpg.io", "Cluster"): _cloudnative,
            ("postgresql.cnpg.io", "Database"): _cloudnative_database,
            ("postgresql.cnpg.io", "Pooler"): _cloudnative_pool,
            ("acid.zalan.do", "postgresql"): _zalando,
            ("postgres-operator.crunchydata.com", "PostgresCluster"): _crunchy,
        }.get((group, document.get("kind").text))
        if made is not None:
            yield from made(source, f"kubernetes:{source.folder}", document)


def _server(source: Source, scope: str, document: Tree, suffixes: tuple[str, ...]) -> Server:
    name = document.get("metadata", "name")
    where = source.at(name.line, f"{document.get('kind').text} {name.text}")
    return Server(name.text, scope, where, aliases=tuple(f"{name.text}{suffix}" for suffix in suffixes))


def _cloudnative(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    server = _server(source, scope, document, ("-rw", "-ro", "-r"))
    yield server
    initdb = document.get("spec", "bootstrap", "initdb")
    name = initdb.get("database")
    owner = initdb.get("owner").text
    where = source.at(name.line, f"database: {name.text}") if name.text else server.at
    # the operator calls it app where nothing is said
    yield DatabaseMade(name.text or "app", where, f"{scope}:{server.name}", owner or name.text or "app")
    for role in document.get("spec", "managed", "roles").list():
        yield RoleMade(role.get("name").text, source.at(role.line, role.get("name").text),
                       role.get("superuser").text == "true", role.get("login").text != "false")  # fmt: skip


def _cloudnative_database(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    spec = document.get("spec")
    name = spec.get("name")
    server = f"{scope}:{spec.get('cluster', 'name').text}"
    yield DatabaseMade(name.text, source.at(name.line, f"name: {name.text}"), server, spec.get("owner").text)
    for schema in spec.get("schemas").list():
        called = schema.get("name")
        if called.text and called.text not in NOBODYS and schema.get("ensure").text != "absent":
            at = source.at(called.line, f"schema {called.text} of {name.text}")
            yield SchemaMade(called.text, at, name.text, schema.get("owner").text)


def _cloudnative_pool(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    """A Pooler stands before a cluster and serves each of its databases under its own name."""
    name, cluster = document.get("metadata", "name"), document.get("spec", "cluster", "name").text
    yield Pooled(EVERY, "", cluster, source.at(name.line, f"Pooler {name.text}"), name.text)


def _zalando(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    server = _server(source, scope, document, ("-repl", "-pooler"))
    yield server
    for name, owner in document.get("spec", "databases").map().items():
        where = source.at(owner.line, f"{name}: {owner.text}")
        yield DatabaseMade(name, where, f"{scope}:{server.name}", owner.text)
    for name, tree in document.get("spec", "preparedDatabases").map().items():
        yield DatabaseMade(name, source.at(tree.line, name), f"{scope}:{server.name}", f"{name}_owner")


def _crunchy(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    server = _server(source, scope, document, ("-primary", "-ha", "-replicas", "-pgbouncer"))
    yield server
    users = document.get("spec", "users").list()
    for user in users:
        for name in user.get("databases").list():
            where = source.at(name.line, name.text)
            yield DatabaseMade(name.text, where, f"{scope}:{server.name}", user.get("name").text)
    if not users:
        yield DatabaseMade(server.name, server.at, f"{scope}:{server.name}", server.name)
