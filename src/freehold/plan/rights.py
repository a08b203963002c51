"""What the admin login may do on a server, judged before anything is tried."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.found.model import Database, Server
from freehold.plan.model import Phase, Step

OPTIONS_SINCE = 160000
"""From PostgreSQL 16 on a membership has options of its own, and CREATEROLE reaches only roles one may administer."""


def may_give_backup_attributes(server: Server) -> bool:
    """REPLICATION and BYPASSRLS: superuser; from 16 on also a CREATEROLE login that has both itself."""
    me = server.roles.get(server.user)
    return server.superuser or bool(
        me and server.version >= OPTIONS_SINCE and me.createrole and me.replication and me.bypassrls
    )


def may_grant_membership(server: Server, role: str) -> bool:
    """Whether the admin may make others members of ``role``, a predefined role."""
    if server.superuser:
        return True
    me = server.roles.get(server.user)
    if server.version < OPTIONS_SINCE:
        return bool(me and me.createrole)
    return any(m.role == role and m.member == server.user and m.admin for m in server.memberships)


def may_set(server: Server, setting: str) -> bool:
    """Whether the admin may give a role a value of ``setting``."""
    known = server.settings.get(setting)
    return server.superuser or (setting != "temp_file_limit" and (known is None or known.context == "user"))


def owns(server: Server, owner: str) -> bool:
    """Whether the admin may act as the owner of something that ``owner`` owns."""
    return server.superuser or owner == server.user or belongs(server, server.user, owner)


def owner_to_be(server: Server, database: Database | None) -> str:
    """Who shall own a database of ours: the admin login, or the superuser who owns it already."""
    owner = server.roles.get(database.owner) if database is not None else None
    return owner.name if owner is not None and owner.superuser else server.user


def belongs(server: Server, member: str, role: str) -> bool:
    """Whether ``member`` holds the rights of ``role`` through memberships that inherit."""
    reached, todo = {member}, [member]
    while todo:
        one = todo.pop()
        for membership in server.memberships:
            if membership.member == one and membership.inherit and membership.role not in reached:
                reached.add(membership.role)
                todo.append(membership.role)
    return role in reached


def missing(server: Server, steps: Iterable[Step]) -> tuple[str, ...]:
    """The attributes that the admin login lacks for ``steps`` on this server, in PostgreSQL's words."""
    me = server.roles.get(server.user)
    if server.superuser or me is None:
        return ()
    mine = [step for step in steps if step.instance == server.instance]
    roles = any(step.phase is Phase.ROLES for step in mine)
    databases = any(
        step.phase is Phase.DATABASES and step.kind == "database" and not _there(server, step) for step in mine
    )
    return (
        *(("CREATEROLE",) if roles and not me.createrole else ()),
        *(("CREATEDB",) if databases and not me.createdb else ()),
    )


def _there(server: Server, step: Step) -> bool:
    return step.name in server.databases
