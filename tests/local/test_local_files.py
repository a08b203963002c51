"""Env files, declarations, migrations, plan files and commands, as they lie on a disk."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.apply.fresh import PlanFile
from freehold.errors import DeclarationError, LocalStateError, MigrationError
from freehold.export import dotenv
from freehold.local import declaration, envfiles, migrations, planfile
from freehold.local.clock import SystemClock
from freehold.local.commands import TAIL_BYTES, ShellCommands, masked, secrets_of
from freehold.local.envfiles import Login
from freehold.spec.model import Migrations, Service
from support.plans import HOSTILE, platform


def test_the_clock_tells_time_and_waits() -> None:
    clock = SystemClock()
    before = clock.monotonic_ms()
    clock.sleep_ms(20)
    assert 15 < clock.monotonic_ms() - before < 5_000
    assert clock.now_iso().endswith("+00:00")


def test_an_env_file_is_written_again_only_when_it_says_or_is_something_else(tmp_path: Path) -> None:
    login, other = Login("::1", 5432, "db", "user", "p"), Login("::1", 5433, "db", "user", "p")

    def write(what: Login) -> tuple[int, str]:
        path = envfiles.write(tmp_path / ".freehold" / "env", "orders", what)
        return path.lstat().st_ino, path.read_text()

    first = write(login)
    path = tmp_path / ".freehold" / "env" / "orders.env"
    assert write(login) == first
    assert write(other) != first
    before = write(login)
    path.chmod(0o644)
    after = write(login)
    assert (after[0] != before[0], path.lstat().st_mode & 0o777) == (True, 0o600)
    path.rename(tmp_path / "elsewhere.env")
    path.symlink_to(tmp_path / "elsewhere.env")
    write(login)
    assert not path.is_symlink()


@pytest.mark.parametrize("name", [*HOSTILE, "..", ".", "a/b", "", "-n"])
def test_an_env_file_is_one_private_file_that_a_shell_reads(tmp_path: Path, name: str) -> None:
    login = Login("::1", 5432, name or "db", name or "user", "p'\"$`\\ %", {"sslmode": "require"})
    path = envfiles.write(tmp_path / ".freehold" / "env", name, login, login)
    assert path.parent == tmp_path / ".freehold" / "env"
    assert path.stat().st_mode & 0o777 == 0o600
    said = subprocess.run(
        [
            "sh",
            "-c",
            '. "$1"; printf "%s\\0%s\\0%s\\0%s" "$DATABASE_URL" "$DATABASE_URL_RO" "$PGHOST" "${PGUSER-$2}"',
            "sh",
            path,
            name,
        ],
        capture_output=True,
        env={},
        check=True,
    ).stdout.decode()
    url, read_only, host, user = said.split("\0")
    assert url == read_only == login.url()
    assert host == "::1"
    assert user == (name or "user")
    parts = urlsplit(url)
    assert unquote(parts.username or "") == (name or "user")
    assert unquote(parts.password or "") == login.password
    assert (parts.hostname, parts.port, unquote(parts.path)) == ("::1", 5432, "/" + (name or "db"))
    assert parts.query == "sslmode=require"


@given(st.text(max_size=40))
def test_a_quoted_value_reads_back(value: str) -> None:
    quoted = dotenv.quoted_value(value)
    if quoted is None or value == "" or any("\ud800" <= c <= "\udfff" for c in value):
        return
    said = subprocess.run(["sh", "-c", f'X={quoted}\nprintf %s "$X"'], capture_output=True, check=True, env={})
    assert said.stdout.decode() == value


def test_env_files_of_different_services_never_meet() -> None:
    names = [*HOSTILE, "a", "A", "a%20b", "..", ".env", "%2E.env", "a/b"]
    paths = {envfiles.path(Path("env"), name) for name in names}
    assert len(paths) == len(names)
    assert all(path.parent == Path("env") and not path.name.startswith(".") for path in paths)


GOOD = "platform: shop\nlayout: database-per-service\nservers: {main: embedded}\nservices: {a: {schemas: [a]}}\n"


def test_the_nearest_declaration_upward_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "x" / "y"
    deep.mkdir(parents=True)
    (tmp_path / "freehold.yaml").write_text(GOOD)
    monkeypatch.chdir(deep)
    assert declaration.find() == tmp_path / "freehold.yaml"
    assert declaration.load().name == "shop"
    (deep / "freehold.yaml").write_text(GOOD.replace("shop", "nearer"))
    assert declaration.load().name == "nearer"
    assert declaration.load(tmp_path).name == "shop"


def test_no_declaration_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LocalStateError, match="there is no") as caught:
        declaration.find()
    assert "freehold init" in caught.value.hint
    (tmp_path / "freehold.yml").write_text(GOOD)
    with pytest.raises(LocalStateError, match=r"but there is \"freehold\.yml\""):
        declaration.find()
    with pytest.raises(LocalStateError, match="there is no file"):
        declaration.load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    "content",
    [b"\0\1\2", b"\xff\xfe\x00", b"a: \xe9\n", b"#" * (declaration.LARGEST_BYTES + 1), b""],
    ids=["binary", "utf-16", "latin-1", "huge", "empty"],
)
def test_a_file_that_is_no_declaration_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "freehold.yaml"
    path.write_bytes(content)
    with pytest.raises((DeclarationError, LocalStateError)) as caught:
        declaration.load(path)
    told = caught.value.complaints if isinstance(caught.value, DeclarationError) else (caught.value.message,)
    assert str(path) in str(told[0])


def services(folder: str) -> object:
    return platform(Service("a", ("a",), migrations=Migrations(folder=folder)))


def write(folder: Path, **files: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        place = folder / name.replace("__dot__", ".")
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def collect(base: Path, folder: str = "m", note: list[str] | None = None) -> tuple[str, ...]:
    wanted = platform(Service("a", ("a",), migrations=Migrations(folder=folder)))
    files, _ = migrations.collect(wanted, base, None if note is None else note.append)
    return tuple(file.name for file in files["a"])


def test_files_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10_b.sql", "2_c.sql", "1_z.sql", "0100_a.sql", "V3__x.sql", "readme.sql"):
        write(tmp_path / "m", **{name: "select 1"})
    assert collect(tmp_path) == ("1_z.sql", "2_c.sql", "10_b.sql", "0100_a.sql", "V3__x.sql", "readme.sql")


@pytest.mark.parametrize(("one", "other"), [("1_a.sql", "001_b.sql"), ("V1__a.sql", "V1__b.sql"), ("3.sql", "03.sql")])
def test_two_files_with_one_number_are_refused(tmp_path: Path, one: str, other: str) -> None:
    write(tmp_path / "m", **{one: "select 1", other: "select 1"})
    with pytest.raises(MigrationError, match="have the same number"):
        collect(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"), [("V1_1__a.sql", "V1_2__b.sql"), ("1.1_a.sql", "1.2_b.sql"), ("a.sql", "b.sql")]
)
def test_files_with_different_numbers_are_not(tmp_path: Path, one: str, other: str) -> None:
    write(tmp_path / "m", **{one: "select 1", other: "select 1"})
    assert collect(tmp_path) == (one, other)


def test_what_is_no_migration_is_passed_over_with_a_note(tmp_path: Path) -> None:
    names = (".hidden.sql", "1.sql~", "#1.sql#", "2.sql.bak", "notes.txt", "1.down.sql")
    write(tmp_path / "m", **dict.fromkeys((*names, "1.sql"), "select 1"))
    (tmp_path / "m" / "3.sql").mkdir()
    notes: list[str] = []
    assert collect(tmp_path, note=notes) == ("1.sql",)
    assert len(notes) == len(names) + 1
    assert all(any(name in note for note in notes) for name in names)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"select '\xe9'", r"not UTF-8 text: byte 8 is 0xe9"),
        (b"select 1\0", r"byte 8 is a NUL"),
        (b"-- freehold: no-transactoin\nselect 1", r'unknown mark "no-transactoin"'),
        (b"select 1;\n\n/* x */ commit", r"1\.sql:3: a migration may not begin or end a transaction"),
        (b"create index concurrently i on t (a)", r"1\.sql:1: .*cannot run in a transaction"),
        (b"copy t from stdin;", r"no input"),
    ],
)
def test_a_file_that_cannot_run_is_refused_before_anything_runs(tmp_path: Path, content: bytes, match: str) -> None:
    write(tmp_path / "m", **{"1.sql": content})
    with pytest.raises(MigrationError, match=match) as caught:
        collect(tmp_path)
    assert caught.value.hint


def test_a_byte_order_mark_and_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf-- freehold: no-transaction\r\nvacuum;\r\n"
    write(tmp_path / "m", **{"1.sql": content})
    file = migrations.read(tmp_path / "m" / "1.sql")
    assert not file.transactional
    assert file.text == "-- freehold: no-transaction\r\nvacuum;\r\n"
    import hashlib

    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_a_missing_folder_names_the_service(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match='service "a"'):
        collect(tmp_path, "nowhere")


def test_the_digest_of_a_tool_changes_with_its_files_only(tmp_path: Path) -> None:
    def digest() -> str:
        wanted = platform(Service("a", ("a",), migrations=Migrations(command="alembic upgrade head", directory="t")))
        return migrations.collect(wanted, tmp_path)[1]["a"]

    tool = write(tmp_path / "t", **{"a.py": "1", "b.py": "2"})
    first = digest()
    write(tool / "__pycache__", **{"a.pyc": "x"})
    write(tool / ".git", **{"HEAD": "x"})
    assert digest() == first
    (tool / "a.py").write_text("11")
    assert digest() != first
    (tool / "a.py").write_text("1")
    (tool / "b.py").rename(tool / "c.py")
    assert digest() != first
    (tool / "loop").symlink_to(tool)
    assert digest()


def test_a_plan_file_reads_back(tmp_path: Path) -> None:
    plan = PlanFile("shop", "f" * 64, "d" * 64, ({"action": "create", "name": HOSTILE[0]},))
    planfile.write(tmp_path / "p.json", plan)
    assert planfile.read(tmp_path / "p.json") == plan
    planfile.write(tmp_path / "q.json", plan)
    assert (tmp_path / "p.json").read_bytes() == (tmp_path / "q.json").read_bytes()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 1}', '{"schema_version": 9}', '{"a": 1}'])
def test_another_file_is_no_plan_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(LocalStateError, match="plan") as caught:
        planfile.read(tmp_path / "p.json")
    assert "freehold plan" in caught.value.hint
    with pytest.raises(LocalStateError):
        planfile.read(tmp_path / "nothing.json")


def test_a_command_gets_its_variables_and_none_that_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    monkeypatch.setenv("KEPT", "kept")
    (tmp_path / "tool").mkdir()
    status, output = ShellCommands(tmp_path).run(
        'echo "$PGSERVICE-$KEPT-$PGHOST"; pwd; exit 3', "tool", {"PGHOST": "h"}
    )
    assert status == 3
    assert output == f"-kept-h\n{tmp_path / 'tool'}\n"


def test_a_commands_output_shows_no_password() -> None:
    environment = {"DATABASE_URL": "postgresql://u:p%40ss-w0rd@h/d", "PGPASSWORD": "p@ss-w0rd"}
    _, output = ShellCommands().run('echo "$DATABASE_URL $PGPASSWORD" >&2', ".", environment)
    assert output == "postgresql://u:<password>@h/d <password>\n"
    assert masked("p%40ss-w0rd", secrets_of(environment)) == "<password>"


def test_only_the_end_of_a_long_output_is_kept() -> None:
    status, output = ShellCommands().run("seq 1 200000; echo end", ".", {})
    assert status == 0
    assert len(output) <= TAIL_BYTES
    assert output.endswith("200000\nend\n")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_nothing_that_a_command_started_outlives_it() -> None:
    began = time.monotonic()
    status, output = ShellCommands().run("sleep 60 & echo $!", ".", {})
    assert status == 0
    # killed it is at once; that init collects it may take a moment
    while _alive(int(output)) and time.monotonic() - began < 20:
        time.sleep(0.05)
    assert time.monotonic() - began < 20


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(MigrationError, match="more than"):
        ShellCommands(timeout_ms=300).run("sleep 60", ".", {})


def test_a_command_that_is_killed_says_so() -> None:
    status, _ = ShellCommands().run(f"kill -{signal.SIGKILL.value} $$", ".", {})
    assert status == 137


def test_a_command_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="nowhere"):
        ShellCommands(tmp_path).run("true", "nowhere", {})
