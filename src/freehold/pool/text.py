"""What PgBouncer is told, as the text of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from freehold.errors import FreeholdError
from freehold.pool.model import Auth, Bouncer, Entry, Login

PREPARED_SINCE = (1, 21)
"""From here on PgBouncer keeps prepared statements apart in transaction mode."""
PREPARED_STATEMENTS = 200
LOOKUP = "SELECT name, verifier FROM freehold.pool_login($1)"
ADMIN_DATABASE = "pgbouncer"
OF_ONE = ".proof"


def configuration(
    bouncer: Bouncer,
    port: int,
    version: tuple[int, int],
    files: Mapping[str, str],
    socket_folder: str = "",
    listen: str = "127.0.0.1",
) -> str:
    """``pgbouncer.ini``. ``files`` names ``users``, ``log`` and ``pid``; ``socket_folder`` is of one process where
    several share the port, since their port leads to any of them.

    Raises FreeholdError for a name that the file cannot hold.
    """
    own = [
        *(("so_reuseport", "1"),) * (bouncer.processes > 1),
        ("listen_addr", listen),
        ("listen_port", str(port)),
        ("unix_socket_dir", socket_folder),
        ("auth_type", "scram-sha-256"),
        ("auth_file", files["users"]),
        *((("auth_query", LOOKUP),) if bouncer.auth is Auth.QUERY else ()),
        ("admin_users", bouncer.admin),
        ("stats_users", ""),
        ("pool_mode", "transaction"),
        ("max_client_conn", str(bouncer.max_clients)),
        ("query_wait_timeout", _seconds(bouncer.wait_timeout_ms)),
        ("client_idle_timeout", _seconds(bouncer.idle_timeout_ms)),
        ("server_reset_query", "DISCARD ALL"),
        ("server_reset_query_always", "1" if bouncer.reset else "0"),
        ("server_login_retry", "1"),
        ("server_tls_sslmode", bouncer.entries[0].sslmode if bouncer.entries else "prefer"),
        *(_tls(bouncer) if bouncer.tls_key else ()),
        ("ignore_startup_parameters", "extra_float_digits"),
        *((("max_prepared_statements", str(PREPARED_STATEMENTS)),) if version >= PREPARED_SINCE else ()),
        ("logfile", files["log"]),
        ("pidfile", files["pid"]),
        ("log_connections", "0"),
        ("log_disconnections", "0"),
    ]
    lines = [
        "; written by Freehold; `freehold apply` writes it anew",
        "[databases]",
        *(
            _entry(one, bouncer.lookup if bouncer.auth is Auth.QUERY else "")
            for entry in bouncer.entries
            for one in written(entry)
        ),
        "",
        "[pgbouncer]",
        *(f"{key} = {_whole(value)}" for key, value in own),
    ]
    return "\n".join(lines) + "\n"


def written(entry: Entry) -> tuple[Entry, Entry]:
    """All that PgBouncer is told of an entry: itself, and the one of the proof."""
    return entry, of_one(entry)


def of_one(entry: Entry) -> Entry:
    """The entry that the proof uses: the same place behind one server connection, which two clients must share."""
    return replace(entry, alias=entry.alias + OF_ONE, size=1, reserve=0, most=2, max_clients=0)


def users(logins: Iterable[Login]) -> str:
    """``userlist.txt``: one login a line. Raises FreeholdError for a name that the file cannot hold."""
    return "".join(f"{_quoted(login.name)} {_quoted(login.secret)}\n" for login in sorted(logins, key=lambda o: o.name))


def unit(bouncer: Bouncer, program: str, ini: str, user: str) -> str:
    """A systemd unit that runs the PgBouncer in the foreground as ``user``."""
    return "\n".join(
        (
            "[Unit]",
            f"Description=PgBouncer for {_whole(bouncer.name)}",
            "After=network.target",
            "",
            "[Service]",
            "Type=simple",
            f"User={_whole(user)}",
            f'ExecStart={_whole(program)} "{_whole(ini)}"',
            "ExecReload=/bin/kill -HUP $MAINPID",
            "KillSignal=SIGINT",
            "LimitNOFILE=65536",
            "Restart=on-failure",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        )
    )


def _tls(bouncer: Bouncer) -> tuple[tuple[str, str], ...]:
    return (
        ("client_tls_sslmode", "require"),
        ("client_tls_key_file", bouncer.tls_key),
        ("client_tls_cert_file", bouncer.tls_certificate),
    )


def _entry(entry: Entry, lookup: str) -> str:
    """``lookup`` stands here and not for the whole file: 1.18 would look up logins for its own console too, where
    it finds no server and keeps a client that has shown no password waiting for two minutes."""
    values = (
        ("host", entry.host),
        ("port", str(entry.port)),
        ("dbname", entry.database),
        ("pool_size", str(entry.size)),
        ("reserve_pool", str(entry.reserve)),
        ("max_db_connections", str(entry.most)),
        ("pool_mode", entry.mode),
        *((("auth_user", lookup),) if lookup else ()),
    )
    return f"{entry.alias} = {' '.join(f'{key}={_value(value)}' for key, value in values)}"


def _value(text: str) -> str:
    return text if text.isdigit() else "'" + _whole(text).replace("'", "''") + "'"


def _quoted(text: str) -> str:
    return '"' + _whole(text).replace('"', '""') + '"'


def _whole(text: str) -> str:
    """``text`` as it stands; PgBouncer's files have no way to write a line break."""
    if any(mark in text for mark in "\n\r\0"):
        raise FreeholdError(
            f'a pool cannot serve "{text}": PgBouncer\'s files cannot hold a line break',
            hint="Rename it, or remove the pool of this service.",
        )
    return text


def _seconds(ms: int) -> str:
    return f"{ms / 1000:g}"
