"""SCRAM-SHA-256 verifiers (RFC 5803), computed here so that a password never travels inside SQL."""

from __future__ import annotations

import base64
import hashlib
import hmac

from freehold.errors import LocalStateError

ITERATIONS = 4096
"""What PostgreSQL uses itself; the passwords are long and random, so more rounds would only slow log-ins."""


def verifier(password: str, salt: bytes) -> str:
    """``SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`` of a password of printable ASCII.

    Raises LocalStateError for any other character: SASLprep would have to map it, and clients do so differently.
    """
    if not password or not all(" " <= character <= "~" for character in password):
        raise LocalStateError(
            "a password is empty or has characters outside printable ASCII",
            hint="Use letters, digits and ASCII punctuation; clients disagree on how to prepare anything else.",
        )
    return _verifier(password, salt, ITERATIONS)


def matches(password: str, stored: str) -> bool:
    """Whether ``stored`` is a verifier of ``password``; False for anything that is not a SCRAM-SHA-256 verifier."""
    try:
        scheme, round_part, _keys = stored.split("$")
        iterations, salt = round_part.split(":")
        again = _verifier(password, base64.b64decode(salt, validate=True), int(iterations))
    except ValueError:
        return False
    return scheme == "SCRAM-SHA-256" and hmac.compare_digest(again, stored)


def _verifier(password: str, salt: bytes, iterations: int) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
