"""What a reader can say about a file. A fact is what stands there, not yet what it means for a service.

What a place makes or needs inside a server is in ``made``.
"""

from __future__ import annotations

from dataclasses import dataclass

from freehold.discover.made import (
    ConnectChanged,
    DatabaseDropped,
    DatabaseMade,
    Refused,
    RoleMade,
    SchemaMade,
    SettingMade,
    TableMade,
    TableNamed,
)
from freehold.discover.model import Evidence


@dataclass(frozen=True, slots=True)
class Unit:
    """A folder that is built or released as one thing: it holds a package.json, pom.xml, Dockerfile, ..."""

    folder: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service that a deployment starts. ``scope`` is the deployment it belongs to (a folder and a kind of file).

    ``folder`` is what it is built from, ``image`` what it runs; either may be empty. ``called`` is the name of the
    service where the deployment has to write it otherwise.
    """

    name: str
    scope: str
    at: Evidence
    folder: str = ""
    image: str = ""
    environment: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server that a deployment starts, reached under ``name`` and ``aliases`` inside its ``scope``."""

    name: str
    scope: str
    at: Evidence
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """A Dockerfile of ``folder`` that builds on ``image``."""

    folder: str
    image: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as written; ``holder`` is ``service:SCOPE:NAME``, ``file:PATH``, ``config:SCOPE:NAME``,
    ``code:FOLDER``, ``image:FOLDER`` for all that a Dockerfile sets, or ``last:FOLDER`` for what its image has."""

    holder: str
    name: str
    value: str
    at: Evidence
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Names of variables that a file of code mentions and that speak of a database, in capitals without underscores."""

    names: tuple[str, ...]
    at: Evidence


@dataclass(frozen=True, slots=True)
class Imported:
    """Settings of a service that take in another file of settings, which a library of the repository may hold."""

    name: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Driven:
    """A build of ``folder``, and whether it takes a driver or a mapper for relational databases."""

    folder: str
    driver: bool
    at: Evidence


@dataclass(frozen=True, slots=True)
class MadeFor:
    """A holder of variables (``config:SCOPE:NAME``) whose labels say which service it is for."""

    holder: str
    scope: str
    service: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Takes:
    """A service that takes the variables of another holder: an env file, a ConfigMap, a Secret.

    ``only`` and ``under`` pick one key and give it another name; both empty take all.
    """

    holder: str
    source: str
    at: Evidence
    only: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that the code or the settings of a folder make, with ``${NAME:-default}`` for what is a variable.

    ``url`` is a whole connection string; else the parts. ``owner`` names the service where the file does;
    ``application`` is the name it gives itself at the server, ``direct`` says that it is the way past a pool.
    """

    folder: str
    at: Evidence
    url: str = ""
    database: str = ""
    host: str = ""
    login: str = ""
    schemas: tuple[str, ...] = ()
    environment: str = ""
    how: str = "default"
    owner: str = ""
    engine: str = "postgresql"
    port: str = ""
    application: str = ""
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Mounted:
    """A file or folder of the repository that a server runs when its volume is empty."""

    path: str
    server: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Script:
    """A file of SQL or shell that creates databases, roles or tables; whether anything starts it is for the merge."""

    path: str
    at: Evidence
    reads: tuple[str, ...] = ()
    """Names of variables that it reads."""


@dataclass(frozen=True, slots=True)
class Runs:
    """A place that starts or includes another file: ``psql -f``, ``\\i``, an initdb list, a changelog."""

    path: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Pooled:
    """A line of a pool's configuration: clients that ask for ``alias`` come to ``database`` on ``host``.

    The alias ``*`` stands for every name that no other line has; its ``database`` is empty where each leads to the
    database of its own name. ``server`` is the name under which the pool is reached, where the place says it.
    """

    alias: str
    database: str
    host: str
    at: Evidence
    server: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or key that stands in the repository; ``what`` names it, the value is not kept."""

    what: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a document says: ``what`` is ``databases`` (with ``number``), ``isolated``, ``schemas``, ...

    ``names`` are the databases that the document lists beside it.
    """

    what: str
    at: Evidence
    number: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migrated:
    """A folder of migrations and the tool that runs them."""

    folder: str
    tool: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a part of it, that its reader could not read, and why."""

    at: Evidence
    why: str


Fact = (
    Unit
    | Deployed
    | Server
    | BuiltFrom
    | Variable
    | Asked
    | Imported
    | Driven
    | MadeFor
    | Takes
    | Connection
    | DatabaseMade
    | DatabaseDropped
    | Refused
    | SchemaMade
    | TableMade
    | TableNamed
    | RoleMade
    | ConnectChanged
    | SettingMade
    | Mounted
    | Script
    | Runs
    | Pooled
    | Secret
    | Claim
    | Migrated
    | Unreadable
)
