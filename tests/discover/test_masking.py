"""No password of a repository is shown, whatever form it stands in; variables stay readable."""

from __future__ import annotations

import pytest

from freehold.discover.secrets import masked, real, trivial

SECRET = "hT9#kq;2L,m8"


@pytest.mark.parametrize(
    "text",
    [
        "DATABASE_URL=postgresql://orders:{}@db/orders",
        "jdbc:postgresql://db/orders?user=o&password={}",
        'POSTGRES_PASSWORD: "{}"',
        "POSTGRES_PASSWORD='{}'",
        '"Password": "{}"',
        "CREATE ROLE o LOGIN PASSWORD '{}'",
        "api_key = '{}'",
        "POSTGRES_PASSWORD: ${{POSTGRES_PASSWORD:-{}}}",
        "postgresql://o:${{DB_PASS:-{}}}@db/o",
    ],
)
def test_a_password_is_taken_out(text: str) -> None:
    # a URL holds such characters escaped
    secret = "hT9kq2Lm8" if "://" in text else SECRET
    shown = masked(text.format(secret))
    for part in ("hT9", "2L", "m8"):
        assert part not in shown
    assert "***" in shown


@pytest.mark.parametrize("text", ["postgresql://o:${PASSWORD}@db/o", "password: ${PASSWORD}", "password={{ vault }}"])
def test_a_variable_stays(text: str) -> None:
    assert masked(text) == text


def test_places_for_a_password_are_none() -> None:
    assert not any(map(real, ("", "${X}", "<password>", "change-me", "your_password", "xxx", "***", "{{ x }}")))
    assert real("hT9kq2Lm8")
    assert all(map(trivial, ("postgres", "password123", "root", "secret", "abc", "mypass")))
    assert not trivial("hT9kq2Lm8")
