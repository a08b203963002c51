"""New passwords are stored in a form that can be replayed.

Why: an md5 verifier is as good as the password for logging in, and it is no longer supported by newer releases.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View


@check("passwords are stored as SCRAM verifiers")
def passwords_hashed(view: View) -> Answer:
    value = setting(view, "password_encryption")
    if value is None:
        return Answer("password_encryption", unknown="password_encryption is hidden from this login")
    if value == "scram-sha-256":
        return Answer("password_encryption = scram-sha-256")
    detail = "who reads the stored form can log in with it"
    remedy = "ALTER SYSTEM SET password_encryption = 'scram-sha-256'; then set every password again"
    seen = (f"password_encryption = {value}",)
    return Answer(seen[0], (Wrong("server", "passwords are stored as md5", detail, seen, remedy),))
