"""Read secrets that were stored in ALTER ROLE .. SET or ALTER DATABASE .. SET.

Tried: as each login, pg_db_role_setting, which PostgreSQL shows to everybody; each name and value is compared with
what secrets look like.

Why: an API key in a role's settings is readable by every login of the instance.

Holds it off: secrets are never stored there. No layout but ``instance-per-service`` hides one role's settings from
another, so the secret itself must go.
"""

from __future__ import annotations

import re

from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import at_home
from freehold.sqltext import ident, keyword

_CODE = "settings_of_roles_leak_secrets"
_NAME = re.compile(
    r"(?i)(pass(word|wd|phrase)?$|secret|token|api_?key|access_?key|private_?key|credential|encryption_?key)"
)
_VALUE = re.compile(
    r"(-----BEGIN|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{20,}|\bxox[bap]-|\bsk_(live|test)_|\beyJ[A-Za-z0-9_-]{10,}\.|"
    r"://[^/\s:@]+:[^/\s@]+@|(?i:password\s*=))"
)
_PLAIN = frozenset({"password_encryption", "ssl_passphrase_command", "ssl_passphrase_command_supports_reload"})
_STATEMENT = keyword(
    "SELECT COALESCE(r.rolname, ''), COALESCE(d.datname, ''), c FROM pg_catalog.pg_db_role_setting s"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,"
    " pg_catalog.unnest(s.setconfig) c ORDER BY 1, 2, 3"
)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    answer = (yield Run(piece.instance, piece.database, login.role, (_STATEMENT,)))[0]
    if not answer.ok:
        tell(unknown(_CODE, login, "", "pg_db_role_setting", answer))
        return
    for role, database, setting in answer.rows:
        name, _, value = (setting or "").partition("=")
        if name in _PLAIN or not (_NAME.search(name) or _VALUE.search(value)):
            tell(held(login))
            continue
        place = f" IN DATABASE {ident(database)}" if role and database else ""
        whom = f"ROLE {ident(role)}" if role else f"DATABASE {ident(database or '?')}"
        # each part of the name is an identifier of its own
        shown = ".".join(str(ident(part)) for part in name.split("."))
        masked = Answer(rows=((role, database, f"{name}=<password>"),))
        tell(
            broken(
                _CODE,
                login,
                "",
                f"setting {shown} of {whom.lower().split(' ')[0]} {whom.split(' ', 1)[1]}",
                f'a secret in the settings of {whom} can be read by role "{login.role}"',
                f"The setting {name!r} looks like a secret, and every login of the instance sees it.",
                evidence=(evidence(login, piece.instance, piece.database, _STATEMENT, masked),),
                remedy=f"ALTER {whom}{place} RESET {shown};",
            )
        )


settings_of_roles_leak_secrets = Attack("I4", "read secrets in the settings of roles", at_home, _play)
