"""Secrets are durable, private, the same for everybody who asks, and never shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from freehold.errors import LocalStateError
from freehold.found import scram
from freehold.local import folder as folder_module
from freehold.local.folder import Folder
from freehold.local.secretsfile import SecretsFile, variable

HOSTILE = (
    'quo"te',
    "new\nline",
    "é" * 31,
    "<img src=x onerror=1>",
    "admin:main",
    "\u2028",
    "\ud800".encode("utf-8", "replace").decode(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".freehold" / "secrets.json"


def test_a_password_is_made_once_and_stays(path: Path) -> None:
    first = SecretsFile(path, {}).password("a")
    assert SecretsFile(path, {}).password("a") == first
    assert SecretsFile(path, {}).password("b") != first
    assert len(first) == 32


@pytest.mark.parametrize("role", HOSTILE)
def test_hostile_role_names_are_ordinary(path: Path, role: str) -> None:
    password = SecretsFile(path, {}).password(role)
    assert SecretsFile(path, {}).password(role) == password
    assert list(SecretsFile(path, {}).known()) == [role]


def test_the_file_and_its_folder_are_private(path: Path) -> None:
    SecretsFile(path, {}).password("a")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in path.parent.iterdir()) == ["secrets.json", "secrets.lock"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused(path: Path, mode: int) -> None:
    SecretsFile(path, {}).password("a")
    path.chmod(mode)
    with pytest.raises(LocalStateError, match="may be read or written by others") as caught:
        SecretsFile(path, {}).password("a")
    assert "chmod" in caught.value.hint


def test_a_verifier_is_what_the_server_would_store(path: Path) -> None:
    # RFC 7677, section 3: user "user", password "pencil"
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    made = scram.verifier("pencil", salt)
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    stored_key = base64.b64decode(made.split("$")[2].split(":")[0])
    message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = hmac.digest(stored_key, message, "sha256")
    assert bytes(a ^ b for a, b in zip(client_key, signature, strict=True)) == proof
    assert made.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    assert scram.matches("pencil", made)
    assert not scram.matches("Pencil", made)
    assert not scram.matches("pencil", "md5" + "0" * 32)


@pytest.mark.parametrize("password", ["", "é", "a\n", "a\0"])
def test_a_password_that_clients_read_differently_is_refused(password: str) -> None:
    with pytest.raises(LocalStateError):
        scram.verifier(password, b"0" * 16)


def test_the_environment_wins_and_is_not_written_down(path: Path) -> None:
    stored = SecretsFile(path, {}).password("shop_a-app")
    name = variable("shop_a-app")
    assert name == "FREEHOLD_PASSWORD_SHOP_A_APP"
    given = SecretsFile(path, {name: "from outside"})
    assert given.password("shop_a-app") == "from outside"
    verifier = given.verifier("shop_a-app")
    assert scram.matches("from outside", verifier)
    assert SecretsFile(path, {name: "from outside"}).verifier("shop_a-app") == verifier
    assert "from outside" not in path.read_text()
    assert stored not in path.read_text()
    back = SecretsFile(path, {}).password("shop_a-app")
    assert back not in ("from outside", "")
    assert SecretsFile(path, {}).known()["shop_a-app"] != verifier


def test_an_empty_variable_is_refused(path: Path) -> None:
    with pytest.raises(LocalStateError, match="FREEHOLD_PASSWORD_A"):
        SecretsFile(path, {"FREEHOLD_PASSWORD_A": ""}).password("a")


def test_threads_agree(path: Path) -> None:
    secrets = SecretsFile(path, {})
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda number: (number % 5, secrets.password(str(number % 5))), range(100)))
    assert len(answers) == 5


def _ask(path: Path) -> list[str]:
    return [SecretsFile(path, {}).password(str(number)) for number in range(20)]


def test_processes_agree(path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        answers = pool.map(_ask, [path] * 3)
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema_version": 2}', b"\xff\xfe", b'{"schema_version":1,"roles":{"a":1}}']
)
def test_a_file_that_is_no_secrets_file_is_never_overwritten(path: Path, content: bytes) -> None:
    Folder(path.parent.parent / "freehold.yaml").ensure()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(LocalStateError, match="is not a secrets file"):
        SecretsFile(path, {}).password("a")
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = SecretsFile(path, {})
    first = secrets.password("a")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(LocalStateError, match="no space left on device") as caught:
        secrets.password("b")
    assert "room" in caught.value.hint
    monkeypatch.undo()
    assert SecretsFile(path, {}).password("a") == first
    assert list(SecretsFile(path, {}).known()) == ["a"]
    assert sorted(p.name for p in path.parent.iterdir()) == ["secrets.json", "secrets.lock"]


def test_nothing_prints_a_secret(path: Path) -> None:
    secrets = SecretsFile(path, {})
    password = secrets.password("a")
    shown = repr(secrets) + repr(secrets._entries) + str(vars(secrets))
    assert password not in shown
    assert secrets.verifier("a") not in shown


def test_forgetting_removes_only_what_is_named(path: Path) -> None:
    secrets = SecretsFile(path, {})
    secrets.ensure(["a", "b"])
    secrets.forget(["a", "c"])
    assert list(secrets.known()) == ["b"]


def test_an_ephemeral_password_is_stored_nowhere(path: Path) -> None:
    password, verifier = SecretsFile(path, {}).ephemeral(60)
    assert scram.matches(password, verifier)
    assert not path.exists()


def test_the_folder_ignores_itself_for_git_and_can_be_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "freehold.yaml")
    folder.ensure()
    folder.ensure()
    assert (folder.path / ".gitignore").read_text() == "*\n"
    (folder.path / "mine.txt").write_text("x")
    SecretsFile(folder.secrets_path, {}).password("a")
    assert folder.secrets_path in folder.remove()
    assert [p.name for p in folder.path.iterdir()] == ["mine.txt"]
    (folder.path / "mine.txt").unlink()
    assert folder.remove() == (folder.path,)
    assert folder.remove() == ()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".freehold").write_text("")
    with pytest.raises(LocalStateError, match="is not a folder"):
        Folder(tmp_path / "freehold.yaml").ensure()


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: int = 0o777) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(LocalStateError, match="read-only file system") as caught:
        Folder(tmp_path / "freehold.yaml").ensure()
    assert "writable" in caught.value.hint
