"""The backup before a move: saved, restored, compared; and red when a single byte or row is not as it was."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from freehold.errors import FreeholdError, LocalStateError, MissingRight, ServerError, Unverified
from freehold.local.backups import BackupFolder
from freehold.local.folder import Folder
from freehold.move import backup
from freehold.move.backup import document, manifest, name, scratch
from freehold.move.checksum import Sum
from freehold.move.run.backup import back_up, prove, sweep, take
from freehold.pg.archiving import PgArchiver
from freehold.spec.model import TableName
from freehold.sqltext import ident, keyword, raw, sql
from support.clusters import VERSIONS, clean, unlocked_hba
from support.moving import OLD, Clusters, Scene, scene
from support.nasty import ROWS

MAJORS = [(a, b) for a in VERSIONS for b in VERSIONS]


@dataclass
class Desk:
    """A service with rows, and where its backups go."""

    scene: Scene
    archiver: PgArchiver
    backups: BackupFolder
    folder: Path

    def back_up(self) -> backup.Manifest:
        return back_up(self.scene.world, self.archiver, self.backups, self.scene.move)

    def take(self) -> backup.Manifest:
        return take(self.scene.world, self.archiver, self.backups, self.scene.move)

    def prove(self) -> backup.Manifest:
        return prove(self.scene.world, self.archiver, self.backups, self.scene.move)

    def databases(self) -> set[str]:
        found: set[str] = set()
        for instance in self.scene.servers.addresses():
            rows = self.scene.servers.admin(instance).query(keyword("SELECT datname FROM pg_catalog.pg_database"))
            found |= {str(one) for (one,) in rows}
        return found

    @property
    def archive(self) -> Path:
        return self.folder / ".freehold" / "backups" / f"{name(self.scene.move.id)}.dump"

    def source(self, text: str) -> None:
        self.scene.servers.admin("a", "o'ld").execute(raw(text))


def made(clusters: Clusters, folder: Path, source: int, target: int) -> Desk:
    for version in {source, target}:
        if version not in VERSIONS:
            pytest.skip(f"PostgreSQL {version} is not installed here")
        clean(clusters(version)[0])
    one = scene(clusters, source, target)
    found = Desk(
        one, PgArchiver(one.servers.addresses(), one.majors), BackupFolder(Folder(folder / "freehold.yaml")), folder
    )
    found.source(ROWS)
    found.source("CREATE TABLE shop.many AS SELECT i AS id, md5(i::text) AS v FROM generate_series(1, 20000) AS i")
    return found


@pytest.fixture
def desk(clusters: Clusters, tmp_path: Path) -> Iterator[Desk]:
    found = made(clusters, tmp_path, 18, 18)
    yield found
    found.scene.servers.tidy()


@pytest.mark.parametrize(("source", "target"), MAJORS, ids=[f"{a}to{b}" for a, b in MAJORS])
def test_a_service_is_saved_while_it_is_written_and_every_row_is_found_again(
    clusters: Clusters, tmp_path: Path, source: int, target: int
) -> None:
    desk = made(clusters, tmp_path, source, target)
    before = desk.databases()
    stop = threading.Event()

    def write() -> None:
        session = desk.scene.servers.admin("a", "o'ld")
        while not stop.is_set():
            session.execute(
                raw("INSERT INTO shop.old (note) VALUES ('z'); UPDATE shop.many SET v = v || 'x' WHERE id < 9")
            )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = desk.back_up()
    finally:
        stop.set()
        writer.join()
    assert found.verified
    assert found.rows > 20_000
    assert found.program.startswith("pg_dump ")
    assert desk.databases() == before
    assert stat.S_IMODE(desk.archive.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.archive.parent.stat().st_mode) == 0o700
    assert sorted(one.name for one in desk.archive.parent.iterdir()) == [
        f"{name(desk.scene.move.id)}.dump",
        f"{name(desk.scene.move.id)}.json",
    ]
    assert manifest(desk.backups.noted(name(desk.scene.move.id))) == found
    # of the service's own nothing is lacking; what needs somebody else's role or table is named
    assert all("does not exist" in one for one in found.lacking), found.lacking


def test_what_the_restore_could_not_make_is_named(desk: Desk) -> None:
    desk.source(
        "CREATE SCHEMA other; CREATE TABLE other.parent (id int PRIMARY KEY); INSERT INTO other.parent VALUES (1)"
    )
    desk.source("ALTER TABLE shop.old ADD parent int REFERENCES other.parent; UPDATE shop.old SET parent = 1")
    found = desk.back_up()
    assert found.verified
    (lacking,) = [one for one in found.lacking if "FK CONSTRAINT old old_parent_fkey" in one]
    assert "does not exist" in lacking


def damaged(desk: Desk, content: bytes, *, tell: bool) -> None:
    """Put other bytes in the place of the archive; with ``tell`` the manifest says that they are the right ones."""
    desk.archive.write_bytes(content)
    if tell:
        size, digest = desk.backups.measure(name(desk.scene.move.id))
        noted = manifest(desk.backups.noted(name(desk.scene.move.id)))
        desk.backups.note(name(desk.scene.move.id), document(replace(noted, bytes=size, sha256=digest)))


def test_a_damaged_archive_is_refused(desk: Desk) -> None:
    desk.take()
    whole = desk.archive.read_bytes()
    middle = len(whole) // 2
    for content in (whole[:-1], whole[:middle], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], b""):
        damaged(desk, content, tell=False)
        with pytest.raises(LocalStateError, match="its bytes have changed"):
            desk.prove()
    desk.archive.unlink()
    with pytest.raises(LocalStateError, match="no such file"):
        desk.prove()
    assert scratch(desk.scene.move.id) not in desk.databases()


def test_the_restore_itself_notices_damage_that_no_digest_would(desk: Desk) -> None:
    desk.take()
    whole = desk.archive.read_bytes()
    # rows lie at the end of an archive; its beginning is the list of what it holds
    for at in range(15, 100, 20):
        place = len(whole) * at // 100
        damaged(desk, whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :], tell=True)
        try:
            found = desk.prove()
        except FreeholdError as error:
            assert error.message  # noqa: PT017
        else:
            # a comment or the like: nothing that was compared
            assert found.verified
        assert scratch(desk.scene.move.id) not in desk.databases()
    for part in (2, 3, 10):
        damaged(desk, whole[: -len(whole) // part], tell=True)
        with pytest.raises((ServerError, Unverified)):
            desk.prove()
    damaged(desk, whole, tell=True)
    assert desk.prove().verified


def test_a_row_that_is_not_as_it_was_is_found(desk: Desk) -> None:
    desk.take()
    noted = manifest(desk.backups.noted(name(desk.scene.move.id)))
    table = TableName("shop", "many")
    right = noted.tables[table]
    for other in (replace(right, rows=right.rows + 1), replace(right, product=right.product + 1)):
        desk.backups.note(name(desk.scene.move.id), document(replace(noted, tables={**noted.tables, table: other})))
        with pytest.raises(Unverified, match=r'table "shop"\."many"'):
            desk.prove()
    gone = {**noted.tables, TableName("shop", "gone"): Sum(0, 0, 0, 0)}
    desk.backups.note(name(desk.scene.move.id), document(replace(noted, tables=gone)))
    with pytest.raises(Unverified, match=r'table "shop"\."gone" is missing'):
        desk.prove()
    assert scratch(desk.scene.move.id) not in desk.databases()


def test_what_a_killed_run_left_is_removed(desk: Desk) -> None:
    target = desk.scene.move.target.instance
    left = scratch(desk.scene.move.id)
    session = desk.scene.servers.admin(target)
    session.execute(sql("CREATE DATABASE {}", ident(left)))
    inside = desk.scene.servers.admin(target, left)
    inside.execute(raw("CREATE SCHEMA shop"))
    desk.backups.begin(name(desk.scene.move.id))
    part = desk.archive.with_suffix(".part")
    part.write_bytes(b"half an archive")
    assert desk.back_up().verified
    assert not part.exists()
    session.execute(sql("CREATE DATABASE {}", ident(left)))
    sweep(desk.scene.world, desk.scene.move)
    assert left not in desk.databases()


def test_a_login_without_the_right_to_read_is_told_so(desk: Desk, clusters: Clusters) -> None:
    clusters(18)[1].write_hba("main", unlocked_hba())
    session = desk.scene.servers.admin("a")
    session.execute(sql("ALTER ROLE {} LOGIN PASSWORD 'x'", ident(OLD.ro)))
    places = {key: replace(one, user=OLD.ro, password="x") for key, one in desk.scene.servers.addresses().items()}
    with pytest.raises(MissingRight, match="permission denied"):
        PgArchiver(places, desk.scene.majors).save("a", "o'ld", ["shop"], "", desk.backups.begin("x"))


def test_no_room_for_the_archive_is_said(desk: Desk, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k,mode=700", "none", small], check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        other = replace(desk, backups=BackupFolder(Folder(small / "freehold.yaml")))
        with pytest.raises(LocalStateError, match="no room for the backup"):
            other.back_up()
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_foreign_manifest_is_no_traceback(desk: Desk) -> None:
    for found in ({}, {"format": 2}, {"format": 1, "tables": 3, "sequences": []}):
        with pytest.raises(LocalStateError, match="manifest"):
            manifest(found)
    with pytest.raises(ValueError, match="not a name"):
        desk.backups.path("../x")
