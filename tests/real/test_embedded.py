"""Embedded instances start from nothing, survive what happens to machines, and never touch what is not theirs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.errors import LocalStateError
from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded, binaries, cluster, folder
from freehold.pg.embedded.account import Account, choose
from freehold.pg.embedded.folder import Home, Marker
from freehold.pg.embedded.ports import free
from freehold.pg.servers import PgServers
from freehold.spec.model import Server, ServerKind
from freehold.sqltext import keyword
from support.clusters import PASSWORD, VERSIONS, embedded, instance, ram_folder, servers_of

AS_ROOT = os.geteuid() == 0
both = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def root() -> Iterator[Path]:
    place = ram_folder()
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def owner(root: Path) -> Iterator[Embedded]:
    one = Embedded("treum", str(root / "project" / "freehold.yaml"), {"FREEHOLD_DATA": str(root)})
    yield one
    one.down([instance("a"), instance("b")])


def up(owner: Embedded, *instances: Instance) -> dict[str, int]:
    return {name: status.pid for name, status in owner.up(instances, lambda name: PASSWORD).items()}


def postgres_processes(place: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(place) in str((entry / "cwd").readlink()):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def wait_gone(place: Path) -> None:
    deadline = time.monotonic() + 10
    while postgres_processes(place) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert postgres_processes(place) == []


@both
def test_an_instance_is_made_listens_on_loopback_only_and_asks_for_a_password(version: int) -> None:
    one = instance("main", version)
    with embedded([one]) as (owner, servers):
        session = servers.admin("main")
        shown = {
            name: session.query(keyword("SELECT pg_catalog.current_setting(%s)"), [name])[0][0]
            for name in (
                "listen_addresses",
                "unix_socket_directories",
                "wal_level",
                "password_encryption",
                "data_checksums",
            )
        }
        assert shown == {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "wal_level": "logical",
            "password_encryption": "scram-sha-256",
            "data_checksums": "on",
        }
        assert session.version // 10000 == version
        assert servers.probe("main", "postgres", "postgres", "wrong").sqlstate == "28P01"
        assert servers.probe("main", "postgres", "somebody", PASSWORD).sqlstate == "28000"
        home = owner.home(one)
        assert home.data.stat().st_mode & 0o777 == 0o700
        assert home.data.stat().st_uid == owner.account.uid
        assert not (home.path / "password").exists()
        assert PASSWORD not in home.log.read_text()


def test_a_second_up_starts_nothing_and_a_down_keeps_the_data(owner: Embedded) -> None:
    a = instance("a")
    first = up(owner, a)
    servers_of(owner, [a]).admin("a").execute(keyword("CREATE DATABASE kept"))
    again = owner.up([a], lambda name: PASSWORD)
    assert {name: status.pid for name, status in again.items()} == first
    assert (again["a"].started, again["a"].made) == (False, False)
    assert owner.down([a]) == ("a",)
    assert owner.down([a]) == ()
    assert not owner.status([a])["a"].running
    after = owner.up([a], lambda name: PASSWORD)
    assert after["a"].port == again["a"].port
    servers = servers_of(owner, [a])
    assert servers.probe("a", "kept", "postgres", PASSWORD).ok
    servers.tidy()


@both
def test_kill_9_and_a_start(version: int) -> None:
    one = instance("main", version)
    with embedded([one]) as (owner, servers):
        servers.admin("main").execute(keyword("CREATE DATABASE kept"))
        session = servers.admin("main")
        pid = owner.status([one])["main"].pid
        os.kill(pid, signal.SIGKILL)
        while pid in postgres_processes(owner.home(one).data):
            time.sleep(0.005)
        assert not owner.status([one])["main"].running
        # a backend may outlive its postmaster for a moment: the start has to wait for it
        status = owner.up([one], lambda name: PASSWORD)["main"]
        assert status.started
        assert status.pid != pid
        session.close()
        assert servers_of(owner, [one]).probe("main", "kept", "postgres", PASSWORD).ok


@both
def test_a_pid_file_whose_number_belongs_to_another_program_now(version: int) -> None:
    one = instance("main", version)
    with embedded([one]) as (owner, _):
        home = owner.home(one)
        pid_file = home.data / "postmaster.pid"
        text = pid_file.read_text()
        owner.down([one])
        who = {"user": owner.account.uid, "group": owner.account.gid} if AS_ROOT else {}
        stranger = subprocess.Popen(["sleep", "60"], cwd="/", **who)
        try:
            pid_file.write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
            owner.account.owns(pid_file)
            assert not owner.status([one])["main"].running
            # the negative control: PostgreSQL alone does refuse such a file
            alone = owner.account.run([owner.binaries(one).program("postgres"), "-D", home.data], timeout_s=20)
            assert "lock file" in alone.stdout
            assert owner.up([one], lambda name: PASSWORD)["main"].running
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_garbage_in_a_pid_file_is_no_server(owner: Embedded) -> None:
    a = instance("a")
    up(owner, a)
    owner.down([a])
    (owner.home(a).data / "postmaster.pid").write_text("")
    assert not owner.status([a])["a"].running


def test_a_foreign_folder_is_refused_and_left_alone(owner: Embedded, root: Path) -> None:
    precious = root / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    a = instance("a", data=str(precious))
    for attempt in (lambda: up(owner, a), lambda: owner.purge([a])):
        with pytest.raises(LocalStateError, match=r'not an instance of Freehold: it holds "thesis\.txt"'):
            attempt()
    assert [path.name for path in precious.iterdir()] == ["thesis.txt"]
    (precious / "thesis.txt").unlink()
    assert up(owner, a)  # the negative control: the same folder, empty, is taken


def test_a_data_folder_is_never_shared_by_two_declarations(owner: Embedded, root: Path) -> None:
    a = instance("a", data=str(root / "shared"))
    up(owner, a)
    for platform, declaration in (("treum", "/elsewhere/freehold.yaml"), ("other", owner.declaration)):
        second = Embedded(platform, declaration, {"FREEHOLD_DATA": str(root)})
        for attempt in (lambda s=second: up(s, a), lambda s=second: s.purge([a]), lambda s=second: s.down([a])):
            with pytest.raises(LocalStateError, match='instance "a" of platform "treum"'):
                attempt()
    assert owner.status([a])["a"].running
    owner.down([a])


def test_other_major_versions_are_refused(owner: Embedded) -> None:
    a = instance("a")
    up(owner, a)
    owner.down([a])
    home = owner.home(a)
    marker = folder.read_marker(home)
    assert marker is not None
    folder.write_marker(home, replace(marker, version=170004))
    with pytest.raises(LocalStateError, match="of PostgreSQL 17, the programs are of 18"):
        up(owner, a)


def test_a_damaged_marker_is_said_not_guessed(owner: Embedded) -> None:
    a = instance("a")
    up(owner, a)
    owner.down([a])
    marker = owner.home(a).path / "freehold.json"
    text = marker.read_text()
    for broken in ("", "{}", "[1]", text[: len(text) // 2]):
        marker.write_text(broken)
        with pytest.raises(LocalStateError, match="damaged"):
            up(owner, a)
    marker.write_text(text)
    assert up(owner, a)


def test_two_ups_at_once_make_one_server(owner: Embedded, root: Path) -> None:
    instances = [instance("a"), instance("b")]
    results: list[dict[str, int]] = []

    def run() -> None:
        other = Embedded("treum", owner.declaration, {"FREEHOLD_DATA": str(root)})
        results.append(up(other, *instances))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert results[0] == results[1] == results[2]
    assert len({*results[0].values()}) == 2


def test_a_declared_port_that_is_taken_is_named(owner: Embedded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not free(port)
        with pytest.raises(LocalStateError, match=f'port {port} of instance "a" is taken'):
            up(owner, instance("a", port=port))
        assert not owner.status([instance("a")])["a"].running
    assert owner.up([instance("a", port=port)], lambda name: PASSWORD)["a"].port == port


def test_a_port_that_was_not_declared_moves_when_it_is_taken(owner: Embedded) -> None:
    a = instance("a")
    port = owner.up([a], lambda name: PASSWORD)["a"].port
    owner.down([a])
    try:
        taken = socket.create_server(("127.0.0.1", port))
    except OSError:
        taken = socket.socket()  # another test took it meanwhile, which serves as well
    with taken:
        assert owner.up([a], lambda name: PASSWORD)["a"].port != port


def test_a_port_lost_between_look_and_start_is_tried_again(owner: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        looks = iter([True])
        monkeypatch.setattr("freehold.pg.embedded.ports.free", lambda p: next(looks, None) or (p != port and free(p)))
        home = owner.home(instance("a"))
        home.path.mkdir(parents=True)
        folder.write_marker(home, Marker("treum", "a", owner.declaration, 180006, port, initialised=False))
        status = owner.up([instance("a")], lambda name: PASSWORD)["a"]
        assert status.port != port
        assert "could not bind" in home.log.read_text()


def test_an_interrupted_initdb_is_done_again(owner: Embedded) -> None:
    a = instance("a")
    home = owner.home(a)
    home.path.mkdir(parents=True)
    folder.write_marker(home, Marker("treum", "a", owner.declaration, 180006, 0, initialised=False))
    (home.data / "base").mkdir(parents=True)
    (home.data / "PG_VERSION").write_text("18\n")
    assert owner.up([a], lambda name: PASSWORD)["a"].made
    marker = folder.read_marker(home)
    assert marker is not None
    assert marker.initialised


def test_an_up_that_is_killed_is_finished_by_the_next(owner: Embedded, root: Path) -> None:
    a = instance("a")
    program = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from support.clusters import instance, PASSWORD\n"
        "from freehold.pg.embedded import Embedded\n"
        "Embedded('treum', sys.argv[1], {'FREEHOLD_DATA': sys.argv[2]}).up([instance('a')], lambda n: PASSWORD)\n"
    )
    for wait_s in (0.15, 0.35, 0.6, 0.9):
        command = [sys.executable, "-c", program, owner.declaration, str(root), str(Path(__file__).parents[1])]
        child = subprocess.Popen(command, start_new_session=True)
        time.sleep(wait_s)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    deadline = time.monotonic() + 5
    while (home := owner.home(a)).data.exists() and not cluster.postmaster(home) and cluster._workers_in(home.data):
        assert time.monotonic() < deadline, "initdb's own server outlives it"
        time.sleep(0.05)
    assert owner.up([a], lambda name: PASSWORD)["a"].running
    servers = servers_of(owner, [a])
    assert servers.probe("a", "postgres", "postgres", PASSWORD).ok


def test_a_failed_start_says_why_and_leaves_no_process(owner: Embedded, root: Path) -> None:
    a, b = instance("a"), instance("b")
    up(owner, a)
    owner.down([a])
    conf = owner.home(a).data / "freehold.conf"
    text = conf.read_text()
    conf.write_text(text + "shared_preload_libraries = 'no_such_library'\n")
    with pytest.raises(LocalStateError, match=r'instance "a" did not start: .*no_such_library') as caught:
        up(owner, a, b)
    assert str(owner.home(a).log) in caught.value.hint
    wait_gone(root)  # "b" was started by this call, so it is stopped again
    conf.write_text(text)
    assert up(owner, a)


def test_a_new_server_that_never_started_is_made_as_it_is_declared_next(owner: Embedded, root: Path) -> None:
    def loads(libraries: str) -> Instance:
        return replace(instance("a"), settings=(("shared_preload_libraries", libraries),))

    with pytest.raises(LocalStateError, match=r'instance "a" did not start: .*no_such\\library'):
        up(owner, loads("no_such\\library"))
    wait_gone(root)
    one = loads("pg_stat_statements, auto_explain")
    up(owner, one)
    servers = servers_of(owner, [one])
    assert servers.admin("a").query(keyword("SHOW shared_preload_libraries")) == [("pg_stat_statements, auto_explain",)]
    servers.tidy()


def test_only_folders_with_our_marker_are_purged(owner: Embedded, root: Path) -> None:
    a, b = instance("a"), instance("b")
    up(owner, a, b)
    assert [marker.instance for marker in owner.known()] == ["a", "b"]
    (root / "bystander").write_text("")
    assert owner.purge([a]) == ("a",)
    assert owner.status([b])["b"].running
    assert owner.purge([a, b]) == ("b",)
    wait_gone(root)
    assert sorted(path.name for path in root.iterdir()) == ["bystander"]


def test_restart_puts_settings_into_force(owner: Embedded) -> None:
    # a port that no other worker of this test run picks between the stop and the start
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    a = instance("a", port=port)
    before = owner.up([a], lambda name: PASSWORD)["a"]
    servers = servers_of(owner, [a])
    servers.admin("a").execute(keyword("ALTER SYSTEM SET max_connections = 77; "))
    servers.admin("a").execute(keyword("ALTER SYSTEM SET listen_addresses = '*'"))
    servers.tidy()
    after = owner.restart([a])["a"]
    assert (after.port, after.pid != before.pid) == (before.port, True)
    session = servers.admin("a")
    assert session.query(keyword("SHOW max_connections")) == [("77",)]
    assert session.query(keyword("SHOW listen_addresses")) == [("127.0.0.1",)]
    servers.tidy()


@both
def test_a_lost_password_is_replaced_at_the_next_start_and_never_under_running_clients(
    owner: Embedded, version: int
) -> None:
    a = instance("a", version)
    owner.up([a], lambda name: PASSWORD)
    servers = servers_of(owner, [a])
    servers.admin("a").execute(keyword("CREATE TABLE public.kept AS SELECT 7 AS it"))
    servers.tidy()
    another = 'it\'s \\ new;\n"one"'
    with pytest.raises(LocalStateError, match="is not the one in the secrets file"):
        owner.up([a], lambda name: another)
    owner.down([a])

    status = owner.up([a], lambda name: another)["a"]

    renewed = PgServers({"a": owner.address(status, another)})
    session = renewed.admin("a")
    try:
        assert session.query(keyword("TABLE public.kept")) == [(7,)]
    finally:
        session.close()
    assert renewed.probe("a", "postgres", "postgres", PASSWORD).sqlstate == "28P01"


@pytest.mark.parametrize(
    "name", ["quo'te\"", "new\nline", "é" * 100, "a/../../b", "..", "100%", "<img src=x>", "$(id)"]
)
def test_hostile_instance_names_stay_inside_the_platforms_folder(root: Path, name: str) -> None:
    owner = Embedded(name, "/nowhere/freehold.yaml", {"FREEHOLD_DATA": str(root)})
    home = owner.home(instance(name))
    assert home.path.parent == owner.folder
    assert owner.folder.parent == root
    assert len(home.path.name.encode()) <= 255


def test_an_instance_with_a_hostile_name_starts(root: Path) -> None:
    name = "é'\\\n\"%<img src=x onerror=1>$(id)"
    one = instance(name)
    with embedded([one]) as (owner, servers):
        assert owner.status([one])[name].running
        session = servers.admin(name)
        assert "img src" in str(session.query(keyword("SHOW cluster_name"))[0][0])


@pytest.mark.skipif(not AS_ROOT, reason="root may write anywhere else")
def test_a_closed_folder_is_said(root: Path) -> None:
    closed = root / "closed"
    closed.mkdir(mode=0o700)
    owner = Embedded("treum", "/nowhere/freehold.yaml", {"FREEHOLD_DATA": str(closed)})
    with pytest.raises(LocalStateError, match="cannot") as caught:
        up(owner, instance("a"))
    assert caught.value.hint


def test_a_folder_that_cannot_be_written_is_said(root: Path) -> None:
    owner = Embedded("treum", "/nowhere/freehold.yaml", {"FREEHOLD_DATA": "/proc/nowhere"})
    with pytest.raises(LocalStateError, match='cannot use "/proc/nowhere') as caught:
        up(owner, instance("a"))
    assert "FREEHOLD_DATA" in caught.value.hint


@pytest.mark.skipif(not AS_ROOT, reason="mounts a small disk")
def test_a_full_disk_is_said_and_leaves_no_process(root: Path) -> None:
    small = root / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=0711", "none", small], check=False).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        owner = Embedded("treum", "/nowhere/freehold.yaml", {"FREEHOLD_DATA": str(small)})
        with pytest.raises(LocalStateError, match="No space left"):
            up(owner, instance("a"))
        wait_gone(small)
        subprocess.run(["mount", "-o", "remount,size=400m", small], check=True)
        assert up(owner, instance("a"))
        owner.purge([instance("a")])
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.mark.skipif(not AS_ROOT, reason="only root has to hand over")
def test_root_hands_over_to_an_account_without_rights() -> None:
    chosen = choose({})
    assert chosen.uid != 0
    assert chosen.run(["/usr/bin/id", "-u"]).stdout.strip() == str(chosen.uid)
    assert chosen.run(["/usr/bin/id", "-G"]).stdout.strip() == str(chosen.gid)
    assert choose({"FREEHOLD_OS_USER": "nobody"}).uid == pwd.getpwnam("nobody").pw_uid
    for wrong in ("root", "no-such-account"):
        with pytest.raises(LocalStateError, match=f'cannot run as "{wrong}"'):
            choose({"FREEHOLD_OS_USER": wrong})


@pytest.mark.skipif(not AS_ROOT, reason="only root has to hand over")
def test_programs_in_a_closed_home_are_copied_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = root / "home"
    home.mkdir(mode=0o700)
    package = binaries.bundled().parents[1]
    shutil.copytree(package, home / package.name)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    inside = home / package.name / "pginstall" / "bin"
    account = choose({})
    with pytest.raises(PermissionError):
        account.run([inside / "postgres", "--version"])
    monkeypatch.setattr(binaries, "bundled", lambda: inside)
    found = [binaries.find("", account, root / "data") for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].folder.is_relative_to(root / "data" / "binaries")
    assert [path.name.startswith(".") for path in (root / "data" / "binaries").iterdir()] == [False]
    owner = Embedded("treum", "/nowhere/freehold.yaml", {"FREEHOLD_DATA": str(root / "data")})
    assert up(owner, instance("a"))
    owner.purge([instance("a")])


@pytest.mark.skipif(not AS_ROOT, reason="runs as another account")
def test_an_ordinary_user_runs_its_own_servers(root: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    place = root / "theirs"
    place.mkdir(mode=0o700)
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from support.clusters import instance, PASSWORD\n"
        "from freehold.pg.embedded import Embedded\n"
        "one = Embedded('treum', '/nowhere/f.yaml', {'FREEHOLD_DATA': sys.argv[1]})\n"
        "print(one.up([instance('a')], lambda n: PASSWORD)['a'].running, one.account.name)\n"
        "print(one.purge([instance('a')]))\n"
    )
    # our own interpreter may be in a closed home; the distribution's of the same version reads our packages
    found = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not found or not Path(found).resolve().name.startswith(version):
        pytest.skip(f"no {version} that another account can run")
    packages = [path for path in sys.path if "site-packages" in path or path.endswith("src")]
    done = subprocess.run(
        [found, "-c", program, str(place), str(Path(__file__).parents[1]), *packages],
        user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["True nobody", "('a',)"], done.stderr


def test_no_link_leads_a_write_elsewhere(root: Path) -> None:
    target = root / "target"
    target.write_text("untouched")
    account = Account("me", os.geteuid(), os.getegid(), hands_over=False)
    link = root / "pg_hba.conf"
    link.symlink_to(target)
    (root / f".pg_hba.conf.{os.getpid()}").symlink_to(target)
    folder.write_file(link, "new", account)
    assert target.read_text() == "untouched"
    assert (link.is_symlink(), link.read_text()) == (False, "new")


def test_a_server_that_is_a_url_is_passed_over(owner: Embedded) -> None:
    url = Instance("far", Server("far", ServerKind.URL, url="postgresql://u@h/d"), None, (), (), 1)
    assert owner.up([url], lambda name: PASSWORD) == {}
    assert (owner.down([url]), owner.status([url]), owner.purge([url])) == ((), {}, ())


def test_a_server_that_stands_for_many_instances_gives_each_its_folder(owner: Embedded, root: Path) -> None:
    server = Server("main", ServerKind.EMBEDDED, data="../data")
    many = [Instance(name, server, None, (), (), 1) for name in ("users", "orders", "main")]
    homes = [owner.home(one) for one in many]
    assert len(set(homes)) == 3
    assert homes[0] == Home(root / "project" / "../data" / "users")


def test_nine_instances_from_nothing(root: Path) -> None:
    nine = [instance(f"i{number}") for number in range(9)]
    started = time.monotonic()
    with embedded(nine) as (owner, servers):
        elapsed_s = time.monotonic() - started
        ports = {status.port for status in owner.status(nine).values()}
        assert len(ports) == 9
        assert all(servers.probe(one.name, "postgres", "postgres", PASSWORD).ok for one in nine)
        identifiers = {
            servers.admin(one.name).query(keyword("SELECT system_identifier::text FROM pg_control_system()"))[0][0]
            for one in nine
        }
        assert len(identifiers) == 9
    assert elapsed_s < 30
