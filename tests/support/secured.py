"""A server that listens as servers of other people do: with TLS, and on a Unix socket."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from freehold.ports import Address
from support.clusters import PASSWORD, TidyServers, elsewhere, embedded, instance

HBA = (
    "local all all scram-sha-256",
    "hostssl all all 127.0.0.1/32 scram-sha-256",
    "hostnossl all postgres 127.0.0.1/32 scram-sha-256",
    "hostnossl all all all reject",
)


@dataclass(frozen=True)
class Secured:
    """The same server three times: ``plain``, ``tls`` (only on a build with OpenSSL) and ``socket``."""

    servers: TidyServers
    ca: Path
    other_ca: Path

    def with_options(self, name: str, **options: str) -> TidyServers:
        """Servers of which ``name`` connects with other options of libpq."""
        places = dict(self.servers.addresses())
        places[name] = replace(places[name], options=options)
        return TidyServers(places)


@contextmanager
def secured(version: int, tls: bool) -> Iterator[Secured]:
    """Started in a folder of its own, and removed afterwards."""
    one = instance("main", version)
    with embedded([one]) as (owner, servers):
        home, account, place = owner.home(one), owner.account, servers.addresses()["main"]
        servers.write_hba("main", ("host all postgres all scram-sha-256",))
        servers.tidy()
        (home.data / "pg_hba.conf").write_text("\n".join(HBA) + "\n")
        socket = home.path / "socket"
        socket.mkdir(mode=0o755)
        account.owns(socket)
        ca, other = home.path / "ca.pem", home.path / "other.pem"
        place = replace(place, port=elsewhere())
        options = f"-c listen_addresses=127.0.0.1 -c port={place.port} -c unix_socket_directories={socket}"
        if tls:
            cert, key = home.data / "server.crt", home.data / "server.key"
            certificate(ca, cert, key)
            certificate(other, home.path / "unused.crt", home.path / "unused.key")
            for path in (cert, key):
                account.owns(path)
            options += f" -c ssl=on -c ssl_cert_file={cert} -c ssl_key_file={key}"
        owner.down([one])
        program = owner.binaries(one).program("pg_ctl")
        done = account.run([program, "-D", home.data, "-l", home.log, "-w", "-o", options, "start"], timeout_s=60)
        assert done.returncode == 0, done.stdout + home.log.read_text()
        home.path.chmod(0o711)
        base = replace(place, password=PASSWORD)
        places = {
            "plain": replace(base, instance="plain", options={"sslmode": "disable"}),
            "tls": replace(
                base, instance="tls", options={"sslmode": "verify-full", "sslrootcert": str(ca)} if tls else {}
            ),
            "socket": replace(base, instance="socket", host=str(socket), options={}),
        }
        found = TidyServers(places)
        try:
            yield Secured(found, ca, other)
        finally:
            found.tidy()


def certificate(ca: Path, cert: Path, key: Path) -> None:
    """A certificate authority of its own, and a certificate by it for 127.0.0.1 and localhost."""
    now = datetime.datetime.now(datetime.UTC)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {ca.name}")])
    common = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    root = (
        common.subject_name(issuer)
        .serial_number(x509.random_serial_number())
        .public_key(authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = (
        common.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .serial_number(x509.random_serial_number())
        .public_key(server.public_key())
        .add_extension(names, critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca.write_bytes(root.public_bytes(pem))
    cert.write_bytes(leaf.public_bytes(pem))
    key.touch(mode=0o600)
    key.write_bytes(server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


__all__ = ["Address", "Secured", "secured"]
