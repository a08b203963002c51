"""The nouns of an export: what is asked for, the files that answer it, and the secrets that they only name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from freehold.plan.model import Design
from freehold.spec.model import Platform, Service


class Network(StrEnum):
    """From where the services look at their databases, so under which hosts and ports they find them."""

    HERE = "here"
    """The servers of the declaration, as Freehold runs or reaches them."""
    COMPOSE = "compose"
    """The containers that ``export docker-compose`` describes."""
    KUBERNETES = "kubernetes"
    """The Services that ``export kubernetes`` describes."""
    CLOUDNATIVEPG = "cloudnativepg"
    """The Services that the operator makes for what ``export cloudnativepg`` describes."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where something listens; ``options`` are libpq's, as sslmode."""

    host: str
    port: int
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What an exporter writes about.

    ``hosts`` are the instances that are known to listen somewhere, ``pools`` the pools, by name. ``secrets`` is the
    folder in which whoever reads the exported files finds the secret files. ``memory_bytes`` and ``storage`` are of
    one exported instance.
    """

    design: Design
    hosts: Mapping[str, Host] = field(default_factory=dict)
    pools: Mapping[str, Host] = field(default_factory=dict)
    network: Network = Network.HERE
    secrets: str = "/run/secrets"
    services: tuple[str, ...] = ()
    image: str = "postgres:18"
    pool_image: str = "ghcr.io/cloudnative-pg/pgbouncer:1.25.1"
    memory_bytes: int = 4 * 1024**3
    storage: str = "20Gi"

    @property
    def platform(self) -> Platform:
        return self.design.platform

    @property
    def chosen(self) -> tuple[Service, ...]:
        """The services that are asked for: all when none is named."""
        return tuple(one for one in self.platform.services if not self.services or one.name in self.services)


class Form(StrEnum):
    """How a secret stands in its file."""

    PASSWORD = "password"
    """The password as it is."""
    VERIFIER = "verifier"
    """The SCRAM verifier: enough to let a login in, and not enough to log in."""
    PGPASS = "pgpass"
    """The password as a field of libpq's password file."""
    LISTED = "listed"
    """The verifier in double quotes, as PgBouncer's list of users has it."""
    LISTED_PASSWORD = "listed-password"
    """The password in double quotes, for the one login with which PgBouncer itself connects."""


@dataclass(frozen=True, slots=True)
class SecretOf:
    """A place for the secret of a login. ``name`` is a role, ``pool:admin``, or ``admin:INSTANCE``."""

    name: str
    form: Form = Form.PASSWORD


Pieces = tuple[str | SecretOf, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The files by their path, their secret files by theirs, and what a person must know besides.

    A path is relative and has ``/`` between its parts. No text holds a secret; a secret file is written only when it
    is asked for. ``mounted``: the secret files are mounted into containers, where an account of another number reads
    them, so only their folder keeps others out.
    """

    files: Mapping[str, str]
    secrets: Mapping[str, Pieces] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mounted: bool = False
