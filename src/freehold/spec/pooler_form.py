"""The form of ``pooler``: how the pools of all services are run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from freehold.spec.form import Form, word
from freehold.spec.tree import Text
from freehold.spec.values import Duration, Plain, Port, Processes, Refused, Switch, near, raw

WORDS = ("pgbouncer",)


class PoolerForm(Form):
    """How the pools run. Without it Freehold makes no pool, and ``pool`` only sizes the connection limits."""

    short: ClassVar[Mapping[str, object]] = {"enum": list(WORDS), "description": "pgbouncer, with all defaults"}

    sharing: Annotated[str, *word("service", "platform")] = Field(
        default="service", description="A PgBouncer for each service, or one for all.", examples=["platform"]
    )
    port: Port | None = Field(
        default=None, description="TCP port of the one for all; without it a free one is taken.", examples=[6432]
    )
    processes: Processes = Field(
        default=1,
        description="Processes that share the port of each PgBouncer, one for each core it should use.",
        examples=[2],
    )
    auth: Annotated[str, *word("query", "file")] | None = Field(
        default=None,
        description="How it learns verifiers: it asks the server, or Freehold writes a file; default: query where "
        "Freehold's login is a superuser.",
        examples=["file"],
    )
    reset: Switch = Field(
        default=False,
        description="Clear a server connection after each transaction; what clients leave behind is gone, at the "
        "price of a round trip.",
        examples=[True],
    )
    wait_timeout: Duration = Field(
        default=120_000, description="Longest wait of a client for a server connection.", examples=["10s"]
    )
    idle_timeout: Duration = Field(
        default=0, description="Clients that say nothing this long are disconnected; 0 is never.", examples=["1h"]
    )
    tls_key: Plain | None = Field(
        default=None, description="Private key; clients must then use TLS.", examples=["/etc/ssl/pool.key"]
    )
    tls_certificate: Plain | None = Field(
        default=None, description="Certificate of the key.", examples=["/etc/ssl/pool.crt"]
    )

    @classmethod
    def from_short(cls, value: Text) -> dict[str, object]:
        if value in WORDS:
            return {}
        raise Refused(f'"{raw(value)}" is not a pooler', near(raw(value), WORDS) or "Write pgbouncer.")

    @model_validator(mode="after")
    def _fits(self) -> PoolerForm:
        if (self.tls_key is None) != (self.tls_certificate is None):
            raise Refused("TLS needs a key and a certificate", "Write both tls_key and tls_certificate.")
        if self.port is not None and self.sharing == "service":
            raise Refused("a PgBouncer for each service cannot have one port", "Write port below each pool.")
        return self
