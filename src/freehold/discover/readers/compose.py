"""Docker Compose: services, what they are built from, their variables, and the scripts a server starts with.

Read are files named like ``compose.yaml``, ``docker-compose.prod.yml``, ``stack.yml``, and YAML of any other name whose
``services`` all have an image or a build; overrides of the same folder belong together. Both forms of ``environment``,
``env_file``, ``volumes`` and ``build`` with its ``args``, anchors and merge keys, ``extends``, ``include``, ``configs``
and connection strings in a ``command`` are taken. Variables are left as written; the merge knows the .env file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from freehold.discover import places
from freehold.discover.connections import POSTGRESQL
from freehold.discover.engines import of_image
from freehold.discover.facts import Deployed, Fact, Mounted, Takes, Unreadable, Variable
from freehold.discover.readers._kind import Source, reader
from freehold.discover.readers._shared import INITDB, spoken
from freehold.discover.yamltree import NotYaml, Tree, documents

_NAMED = re.compile(
    r"(^|/)[^/]*(compose|stack)[^/]*\.ya?ml(\.(example|sample|dist|tftpl|j2))?$|(^|/)[^/]*compose[^/]*\.tftpl$",
    re.IGNORECASE,
)
_YAML = (".yml", ".yaml")
_SERVICES = re.compile(r"^services:\s*(#.*)?$", re.MULTILINE)


_CLIENT = re.compile(r"(^|[\s/;&|(\"'])(psql|createdb|pg_dump|pg_dumpall|pg_restore)\s")
_SERVER = re.compile(r"docker-entrypoint|pg_ctl|exec\s+postgres|^postgres\s|^-c\s")
_NAMED_DATABASE = re.compile(r"\s(?:-d\s*|--dbname[=\s])[\"']?([A-Za-z_][\w-]*)")


@reader(lambda path: path.endswith(_YAML) or bool(_NAMED.search(path)))
def compose(source: Source) -> Iterator[Fact]:
    text = source.text()
    named = bool(_NAMED.search(source.path))
    if "services" not in text and "image" not in text and "include" not in text:
        return
    if not named and ("apiVersion:" in text or not _SERVICES.search(text)):
        return
    try:
        roots = documents(text)
    except NotYaml as error:
        if named:
            yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    for root in roots:
        services = root.get("services").map()
        if not named and not (services and all(_starts(service) for service in services.values())):
            continue
        if not services and "version" not in root.map() and "include" not in root.map():
            # the first form of the format had the services at the top
            services = {k: t for k, t in root.map().items() if t.get("image").text or t.get("build").node is not None}
        for name, service in services.items():
            if service.is_map:
                yield from _service(source, name, service, services, root)


def _starts(service: Tree) -> bool:
    return service.is_map and any(service.get(key).node is not None for key in ("image", "build", "extends"))


NAMED = "freehold.dev/service"
"""The label with the name of a service that is no name for Compose."""


def scope_of(folder: str) -> str:
    """The deployment that the compose files of a folder make together."""
    return f"compose:{folder}"


def _service(source: Source, name: str, service: Tree, others: dict[str, Tree], root: Tree) -> Iterator[Fact]:
    scope = scope_of(source.folder)
    environment = places.environment(source.path)
    holder = f"service:{scope}:{name}"
    image, build = service.get("image"), service.get("build")
    base = service.get("extends")
    extended = base.text or base.get("service").text
    file = base.get("file").text
    if extended:
        origin = scope if not file else scope_of(dirname(places.joined(source.folder, file)))
        yield Takes(holder, f"service:{origin}:{extended}", source.at(base.line, f"extends: {extended}"))
        if not file and extended in others:
            image = image if image.text else others[extended].get("image")
            build = build if build.node is not None else others[extended].get("build")
    folder = _built_from(source, build)
    if folder:
        yield Takes(holder, f"image:{folder}", source.at(build.line, f"build: {folder}"))
    client, database = _client(image.text, service)
    yield Deployed(
        name,
        scope,
        source.at(service.line, f"{name}: {image.text or build.text or build.get('context').text}"),
        folder,
        "" if client else image.text,
        environment,
        service.get("labels", NAMED).text.replace("$$", "$"),
    )
    if database:
        yield Variable(holder, "PGDATABASE", database, source.at(service.line, f"psql of {name}"), environment)
    yield from _variables(source, holder, build.get("args"), environment)
    yield from _variables(source, holder, service.get("environment"), environment)
    for key in ("entrypoint", "command"):
        for word in service.get(key).list():
            yield from spoken(source, holder, word, environment)
    for listed in service.get("env_file").list():
        path = listed.text or listed.get("path").text
        target = places.joined(source.folder, path)
        if target:
            yield Takes(holder, f"file:{target}", source.at(listed.line, f"env_file: {path}"))
    yield from _mounts(source, f"{scope}:{name}", service, root)


def _client(image: str, service: Tree) -> tuple[bool, str]:
    """Whether a service runs a client of the server's image and no server, and the database that it names."""
    words = [word.text for key in ("entrypoint", "command") for word in service.get(key).list()]
    text = " ".join(words)
    if of_image(image) != POSTGRESQL or not _CLIENT.search(text) or _SERVER.search(text):
        return False, ""
    named = _NAMED_DATABASE.search(text)
    return True, named[1] if named else ""


def _built_from(source: Source, build: Tree) -> str:
    if build.node is None:
        return ""
    context = build.text or build.get("context").text or "."
    folder = places.joined(source.folder, context)
    dockerfile = build.get("dockerfile").text
    if "/" in dockerfile:
        # one context for all, a Dockerfile for each: the Dockerfile's folder is the service's
        return dirname(places.joined(folder, dockerfile)) or folder or "."
    return folder or "."


def _variables(source: Source, holder: str, tree: Tree, environment: str) -> Iterator[Fact]:
    if tree.is_map:
        for name, value in tree.map().items():
            given = value.text if value.node is not None and value.text else f"${{{name}}}"
            yield Variable(holder, name, given, source.at(value.line, f"{name}: {value.text}"), environment)
        return
    for item in tree.list():
        key, equals, written = item.text.partition("=")
        # a name alone is taken from the shell that starts compose
        given = written if equals else f"${{{key}}}"
        yield Variable(holder, key.strip(), given.strip(), source.at(item.line, item.text), environment)


def _mounts(source: Source, server: str, service: Tree, root: Tree) -> Iterator[Fact]:
    for item in service.get("volumes").list():
        if item.is_map:
            origin, target = item.get("source").text, item.get("target").text
        else:
            origin, target = _halves(item.text)
        if target.startswith(INITDB):
            path = places.joined(source.folder, origin) or "."
            yield Mounted(path, server, source.at(item.line, f"{origin}:{target}"))
    for kind in ("configs", "secrets"):
        for taken in service.get(kind).list():
            if taken.get("target").text.startswith(INITDB):
                file = root.get(kind, taken.get("source").text, "file").text
                yield Mounted(places.joined(source.folder, file), server, source.at(taken.line, f"{file} as {kind}"))


def _halves(text: str) -> tuple[str, str]:
    """The source and target of ``./a:/b:ro``; a colon inside ``${A:-b}`` is none of the separators."""
    parts = re.split(r":(?![^{]*\})", text)
    return (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
