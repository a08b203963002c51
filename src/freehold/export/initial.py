"""What an exported instance starts with: its settings, who may connect, and the SQL of roles, databases and schemas.

The SQL is that of ``freehold plan`` against an empty server, without what needs tables: services make those with
their own migrations, and ``freehold apply`` adds what follows from them (grants on tables that others read, links
between databases, partitions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from freehold.export.model import Form, Pieces, SecretOf
from freehold.export.names import file, whole_line
from freehold.found.model import Acl, Database, Found, Grant, Server
from freehold.layouts.model import Instance
from freehold.plan.hba import EVERYWHERE, wanted_lines
from freehold.plan.make import make
from freehold.plan.model import Design, Machine, Phase, Plan, Statement, Step
from freehold.plan.profiles import settings
from freehold.plan.steps.membership import MembershipStep
from freehold.spec.model import Server as DeclaredServer
from freehold.spec.model import ServerKind
from freehold.sqltext import PASSWORD_OF, Secret, Sql, comment, quote_ident

ADMIN = "postgres"
VERSION = 180000
PORT = 5432
_PHASES = (Phase.ROLES, Phase.DATABASES, Phase.INSIDE, Phase.MIGRATIONS, Phase.AFTER)
_LATER = frozenset({"foreign_server", "user_mapping"})
"""Reads across databases: they need the tables they stand for."""


def secrets(design: Design, instance: str) -> dict[str, Pieces]:
    """The secret files that ``sql`` reads: the verifier of each login, by the name of its file."""
    return {_file(name): (SecretOf(name, Form.VERIFIER),) for name in _logins(design, instance)}


def sql(design: Design, instance: str) -> str:
    """The script for psql. Verifiers come from files in ``$FREEHOLD_SECRETS``, else ``/run/secrets``.

    Raises FreeholdError for a database that psql cannot connect to by name.
    """
    logins = _logins(design, instance)
    lines = [
        comment(f"roles, databases and schemas of {quote_ident(design.platform.name)} on instance {_shown(instance)}"),
        "\\set ON_ERROR_STOP on",
        *(
            f'\\set v{number} `cat "${{FREEHOLD_SECRETS:-/run/secrets}}/{_file(name)}"`'
            for name, number in logins.items()
        ),
    ]
    place: str | None = None
    for step in _steps(design, instance):
        if step.database != place:
            place = step.database
            lines += ["", _connect(place or "postgres")]
        lines += ["", comment(step.say())]
        for effect in step.do():
            assert isinstance(effect, Statement), f"{step.kind} is more than SQL"
            lines.append(_sent(effect.sql, logins).rstrip().rstrip(";") + ";")
    return "\n".join(lines) + "\n"


def conf(design: Design, instance: Instance, memory_bytes: int) -> dict[str, str]:
    """The settings of an instance that has ``memory_bytes`` for itself."""
    alone = replace(
        design, machine=Machine(memory_bytes, 2), placements=replace(design.placements, instances=(_owned(instance),))
    )
    return {name: setting.value for name, setting in settings(alone, _owned(instance)).items()}


def conf_text(values: dict[str, str]) -> str:
    """``postgresql.conf``. Raises FreeholdError for a value with a line break."""
    lines = [f"{name} = '{_escaped(whole_line(value, 'postgresql.conf'))}'" for name, value in values.items()]
    return "\n".join(("listen_addresses = '*'", *lines)) + "\n"


def hba_text(design: Design, instance: str) -> str:
    """``pg_hba.conf``: each login in the databases it may enter, by password, from anywhere."""
    rules = wanted_lines(design, _server(design, instance), addresses=EVERYWHERE)
    return "\n".join((f'local  all  "{ADMIN}"  peer', *(rule.written() for rule in rules))) + "\n"


def admin_secret(instance: str) -> tuple[str, Pieces]:
    """The file with the password of the administrator of an exported instance, and what stands in it."""
    return file(instance, "admin"), (SecretOf(f"admin:{instance}"),)


def foreign(design: Design) -> tuple[str, ...]:
    """A note on instances that are described although somebody else runs their servers; empty without them."""
    names = [one.name for one in design.placements.instances if not one.owned]
    return (f"Servers that are somebody else's until now are described anew: {', '.join(names)}.",) if names else ()


def memberships(design: Design, instance: str) -> dict[str, tuple[str, ...]]:
    """The roles that each role is a member of."""
    found: dict[str, list[str]] = {}
    for step in _steps(design, instance):
        if isinstance(step, MembershipStep):
            found.setdefault(step.member, []).append(step.role)
    return {member: tuple(sorted(roles)) for member, roles in sorted(found.items())}


_last: tuple[Design, Plan] | None = None


def _plan(design: Design) -> Plan:
    """The plan from nothing. The last one is kept, since every instance asks for the same one several times."""
    global _last
    kept = _last
    if kept is not None and kept[0] is design:
        return kept[1]
    names = [one.name for one in design.placements.instances]
    made = make(design, Found({name: _server(design, name) for name in names}))
    _last = (design, made)
    return made


def _steps(design: Design, instance: str) -> tuple[Step, ...]:
    return tuple(
        step
        for step in _plan(design).steps
        if step.instance == instance and step.phase in _PHASES and step.kind not in _LATER and _is_sql(step)
    )


def _is_sql(step: Step) -> bool:
    """Whether it is known now what the step sends; the rest follows from tables."""
    return all(isinstance(effect, Statement) for effect in step.do())


def _server(design: Design, instance: str) -> Server:
    """A server as initdb leaves it, seen by its superuser."""
    nobody: Acl = frozenset(Grant("public", right, ADMIN, False) for right in ("CONNECT", "TEMPORARY"))
    extensions = frozenset(name for service in design.platform.services for name in service.extensions)
    return Server(
        instance,
        VERSION,
        ADMIN,
        superuser=True,
        reads_verifiers=True,
        maintenance_database=ADMIN,
        databases={
            ADMIN: Database(ADMIN, ADMIN, "UTF8", "C", "C", -1, False, True, nobody),
            "template1": Database(
                "template1",
                ADMIN,
                "UTF8",
                "C",
                "C",
                -1,
                True,
                True,
                frozenset(g for g in nobody if g.privilege == "CONNECT"),
            ),
        },
        extensions_available=extensions | {"postgres_fdw"},
    )


def _logins(design: Design, instance: str) -> dict[str, int]:
    """The roles whose verifier the script sets, with the number of their variable."""
    names = {
        secret
        for step in _steps(design, instance)
        for effect in step.do()
        if isinstance(effect, Statement)
        for secret in effect.sql.secrets
    }
    assert not any(name.startswith(PASSWORD_OF) for name in names), "only verifiers stand in the script"
    return {name: number for number, name in enumerate(sorted(names), 1)}


def _file(role: str) -> str:
    return file(role, "verifier")


def _sent(statement: Sql, logins: Mapping[str, int]) -> str:
    """The statement with each secret as a variable of psql, which quotes it as a literal."""
    return "".join(f":'v{logins[part.name]}'" if isinstance(part, Secret) else part for part in statement.parts)


def _connect(database: str) -> str:
    # psql reads a conninfo string here, so a database named like one or with a quote cannot lead elsewhere
    value = "dbname='" + whole_line(database, "a script of psql").replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "\\connect -reuse-previous=on " + quote_ident(value)


def _owned(instance: Instance) -> Instance:
    """The instance as one that is started for the platform, whatever the declaration says of it."""
    return replace(
        instance, server=DeclaredServer(instance.name, ServerKind.EMBEDDED, settings=instance.server.settings)
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _shown(instance: str) -> str:
    return quote_ident(instance)
