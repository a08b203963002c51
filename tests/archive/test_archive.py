"""Files that findings name go into the archive and come back byte by byte, also when the run is killed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from freehold.cli.main import freehold
from support.examples import SOAK

COMPOSE = """\
services:
  db:
    image: postgres:18  # the one server
    volumes:
      - ./databases/init.sql:/docker-entrypoint-initdb.d/1.sql:ro
      - "./databases/init-trading.sql:/docker-entrypoint-initdb.d/2.sql"
      - ${HERE}/databases/init.sql:/again
"""
FILES: dict[str, bytes] = {
    "compose.yaml": COMPOSE.replace("\n", "\r\n").encode(),
    "databases/init.sql": b"create table a (id int);\r\n\xff\xfe not utf-8",
    "databases/init-trading.sql": "create table ü (id int);\n".encode(),
    "databases/all.sql": b"\\i init.sql\n\\i init-trading.sql\n\\i other.sql\n",
    "databases/other.sql": b"select 1;\n",
    "setup.sh": b"#!/bin/sh\npsql -f databases/init.sql\n",
    "app.py": b'open("databases/init.sql")\n',
    "notes.md": b"Nobody runs init.sql any more.\n",
    "odd/na me'\"\n*.sql": b"create table odd ();\n",
    "data.bin": b"\0 databases/init.sql",
}
GONE = ("databases/init.sql", "databases/init-trading.sql", "odd/na me'\"\n*.sql")
Tree = dict[str, tuple[bytes, int]]


def tree(root: Path) -> Tree:
    """Every file with its content and mode."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@y", *words], cwd=root, capture_output=True, check=True
    )
    return done.stdout.decode()


def repository(root: Path, *, tracked: bool) -> Path:
    root.mkdir()
    for path, content in FILES.items():
        place = root / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    (root / "setup.sh").chmod(0o755)
    if tracked:
        git(root, "init", "-q")
        git(root, "add", ".")
        git(root, "commit", "-qm", "x")
    findings = [
        {"code": "script_not_mounted", "object": f'file "{path}"', "title": f"nothing runs {path!r}"} for path in GONE
    ]
    findings.append({"code": "secret_in_repository", "object": 'file "compose.yaml"', "title": "a secret"})
    document = {"schema_version": 1, "command": "discover", "ok": False, "findings": findings}
    (root.parent / "findings.json").write_text(json.dumps(document))
    return root


@pytest.fixture(params=["git", "plain"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return repository(tmp_path / "repository", tracked=request.param == "git")


def run(root: Path, *words: str) -> int:
    """The command, in this process."""
    status = freehold.main(["archive", "--root", str(root), *words], standalone_mode=False, prog_name="freehold")
    assert isinstance(status, int)
    return status


def archive(root: Path) -> int:
    return run(root, "--from", str(root.parent / "findings.json"), "--yes")


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, document_schema("archive"))
    assert isinstance(document, dict)
    return document


def test_dry_by_default(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert run(root, "--from", str(root.parent / "findings.json"), "--json") == 2
    document = answer(capsys)

    assert document["state"] == "planned"
    assert [one["path"] for one in document["files"]] == sorted(GONE)  # type: ignore[index,attr-defined]
    assert tree(root) == before


def test_files_go_with_a_manifest_and_references_follow(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert run(root, "--from", str(root.parent / "findings.json"), "--yes", "--json") == 2
    document = answer(capsys)
    folder = str(document["folder"])
    after = tree(root)

    manifest = json.loads((root / folder / "manifest.json").read_bytes())
    assert manifest["state"] == "done"
    for one in manifest["moved"]:
        assert one["path"] not in after
        assert after[one["to"]] == before[one["path"]]
        assert one["sha256"] == hashlib.sha256(after[one["to"]][0]).hexdigest()
        assert one["why"] == f"nothing runs {one['path']!r}"
        assert one["tracked"] == (root / ".git").exists()
    compose = after["compose.yaml"][0].decode()
    assert f"- ./{folder}/databases/init.sql:/docker-entrypoint-initdb.d/1.sql:ro\r\n" in compose
    assert f'- "./{folder}/databases/init-trading.sql:/docker' in compose
    assert "- ${HERE}/databases/init.sql:/again\r\n" in compose
    assert after["setup.sh"] == (f"#!/bin/sh\npsql -f {folder}/databases/init.sql\n".encode(), 0o755)
    assert after["databases/all.sql"][0].startswith(f"\\i ../{folder}/databases/init.sql\n".encode())
    places = {(one["file"], one["line"]) for one in document["left"]}  # type: ignore[index,attr-defined]
    assert places == {("app.py", 1), ("notes.md", 1), ("compose.yaml", 7)}
    for same in ("app.py", "notes.md", "data.bin", "databases/other.sql"):
        assert after[same] == before[same]
    if (root / ".git").exists():
        assert f"R  databases/init.sql -> {folder}/databases/init.sql" in git(root, "status", "--porcelain")


def test_undo_brings_every_byte_back(root: Path) -> None:
    before = tree(root)
    archive(root)
    assert tree(root) != before
    assert run(root, "--undo") == 2, "dry by default"
    assert run(root, "--undo", "--yes") == 0

    assert tree(root) == before
    assert not (root / "archive").exists()
    if (root / ".git").exists():
        assert git(root, "status", "--porcelain") == ""
    assert run(root, "--undo", "--yes") == 0, "nothing is left to undo"


def test_undo_after_a_commit_in_between(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", tracked=True)
    before = tree(root)
    archive(root)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "archived")
    assert run(root, "--undo", "--yes") == 0
    assert tree(root) == before


Change = Callable[[Path, str], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "an archived file was changed": (
        lambda root, folder: (root / folder / "databases/init.sql").write_bytes(b"x"),
        'databases/init.sql" was changed',
    ),
    "an archived file is gone": (
        lambda root, folder: (root / folder / "databases/init.sql").unlink(),
        'databases/init.sql" is gone',
    ),
    "somebody made it anew": (
        lambda root, folder: (root / "databases/init.sql").write_bytes(b"x"),
        '"databases/init.sql" is there again',
    ),
    "an edited file was edited again": (
        lambda root, folder: (root / "setup.sh").write_bytes(b"x"),
        '"setup.sh" was changed',
    ),
    "an edited file is gone": (lambda root, folder: (root / "setup.sh").unlink(), '"setup.sh" was removed'),
    "what was kept was changed": (
        lambda root, folder: (root / folder / ".before/setup.sh").write_bytes(b"x"),
        "from before, was changed",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_undo_refuses_when_something_changed_and_touches_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(tmp_path / "repository", tracked=False)
    archive(root)
    change, says = CHANGES[name]
    (folder,) = (root / "archive").iterdir()
    change(root, f"archive/{folder.name}")
    before = tree(root)
    capsys.readouterr()

    assert run(root, "--undo", "--yes") == 1
    assert says in capsys.readouterr().err
    assert tree(root) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("databases",), "no plain file"),
        (("nowhere.sql",), "no file"),
        (("link.sql",), "no plain file"),
        (("away/hosts",), "no plain file"),
        (("../findings.json",), "below the root"),
        (("/etc/hosts",), "below the root"),
        (("--from", "nowhere.json"), "nowhere.json"),
        (("--undo", "app.py"), "takes no files"),
        (("--into", "../x", "app.py"), "below the root"),
    ],
)
def test_what_cannot_be_archived_is_refused_before_anything_moves(
    words: Sequence[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(tmp_path / "repository", tracked=False)
    (root / "link.sql").symlink_to("app.py")
    (root / "away").symlink_to("/etc")
    before = tree(root)

    assert run(root, "setup.sh" if "--undo" not in words else "app.py", *words, "--yes") == 1
    assert says in capsys.readouterr().err
    assert tree(root) == before


def test_what_a_person_names_goes_with_the_reason_given(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", tracked=False)
    run(root, "data.bin", "./data.bin", "--reason", "a dump of 2019", "--yes")
    (folder,) = (root / "archive").iterdir()
    (one,) = json.loads((folder / "manifest.json").read_text())["moved"]
    assert (one["path"], one["why"]) == ("data.bin", "a dump of 2019")


def test_nothing_to_archive_is_no_change(root: Path) -> None:
    before = tree(root)
    assert run(root, "--yes") == 0
    assert tree(root) == before


def test_two_runs_are_undone_one_after_the_other(root: Path) -> None:
    states = [tree(root)]
    for path in ("data.bin", "app.py"):
        run(root, path, "--yes")
        states.append(tree(root))
    for expected in reversed(states[:-1]):
        assert run(root, "--undo", "--yes") == 0
        assert tree(root) == expected


EVENTS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "subprocess.Popen")


def dies(act: Callable[[], object], at: int) -> bool:
    """Do it in a child process that is killed just before its Nth effect on the disk; whether it came so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in EVENTS or writes:
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
            sys.addaudithook(hook)
            act()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def places(act: Callable[[Path], object], make: Callable[[], Path]) -> list[int]:
    """Where to kill: a seeded sample of all effects, and the last; all of them in a soak."""
    low, high = 0, 4096
    while high - low > 1:
        middle = (low + high) // 2
        copy = make()
        if dies(lambda: act(copy), middle):  # noqa: B023
            low = middle
        else:
            high = middle
    assert low > 20, "an archive has many effects"
    every = list(range(1, low + 1))
    return every if SOAK else sorted({*random.Random(20261129).sample(every, 8), low})


@pytest.mark.parametrize("tracked", [True, False], ids=["git", "plain"])
def test_killed_anywhere_it_is_finished_or_taken_back(tracked: bool, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", tracked=tracked)
    original = tree(source)
    number = 0

    def make() -> Path:
        nonlocal number
        number += 1
        return Path(shutil.copytree(source, tmp_path / str(number), symlinks=True))

    shutil.copy(tmp_path / "findings.json", tmp_path / "x.json")
    for at in places(archive, make):
        for undo in (False, True):
            root = make()
            assert dies(lambda: archive(root), at)  # noqa: B023
            if undo:
                assert run(root, "--undo", "--yes") == 0
                assert archive_is_clean(root)
                assert tree(root) == original, f"killed before effect {at}, then taken back"
                if tracked:
                    assert git(root, "status", "--porcelain") == ""
                continue
            archive(root)
            runs = list((root / "archive").iterdir())
            assert len(runs) == 1
            manifest = json.loads((runs[0] / "manifest.json").read_text())
            assert manifest["state"] == "done"
            assert {one["path"] for one in manifest["moved"]} == set(GONE)
            assert run(root, "--undo", "--yes") == 0
            assert tree(root) == original, f"killed before effect {at}, finished, then taken back"


def archive_is_clean(root: Path) -> bool:
    """Nothing is left of a run but, at most, a folder that was killed before it had a manifest: the next run sweeps."""
    run(root, "--yes")
    return not (root / "archive").exists() or not list((root / "archive").iterdir())


@pytest.mark.parametrize("tracked", [True, False], ids=["git", "plain"])
def test_an_undo_that_is_killed_is_finished_by_the_next(tracked: bool, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", tracked=tracked)
    original = tree(source)
    archive(source)
    number = 0

    def make() -> Path:
        nonlocal number
        number += 1
        return Path(shutil.copytree(source, tmp_path / str(number), symlinks=True))

    def undo(root: Path) -> int:
        return run(root, "--undo", "--yes")

    for at in places(undo, make):
        root = make()
        assert dies(lambda: undo(root), at)  # noqa: B023
        assert undo(root) == 0
        assert tree(root) == original, f"killed before effect {at}"
        if tracked:
            assert git(root, "status", "--porcelain") == ""
