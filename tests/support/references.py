"""Two services with one reference between them, on real servers, and an audit of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from freehold.audit.model import Checked, Link, Orphan, Report
from freehold.audit.run import audit
from freehold.layouts.model import Instance, Placement, Placements, PlatformRoles, ServiceRoles
from freehold.local.clock import SystemClock
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.ports import Address, Progress
from freehold.spec.model import Layout, Platform, Reference, Server, ServerKind, Service, TableName
from freehold.sqltext import ident, keyword, literal, raw, sql
from support.applying import Heard

CHILD = TableName("orders", "line")
PARENT = TableName("users", "account")


@dataclass
class Pair:
    """Service ``orders`` refers to service ``users``; each in a database of its own, on one server or on two."""

    child_at: Address
    parent_at: Address
    child_table: TableName = CHILD
    parent_table: TableName = PARENT
    columns: tuple[str, ...] = ("a",)
    parent_columns: tuple[str, ...] = ("id",)
    child_database: str = "shop_orders"
    parent_database: str = "shop_users"
    heard: Progress = field(default_factory=Heard)
    more: list[Reference] = field(default_factory=list)
    sunk: list[Orphan] = field(default_factory=list)
    sessions: list[PgSession] = field(default_factory=list)

    def make(self) -> Pair:
        """Create the databases and the schemas."""
        self.make_one(self.child_at, self.child_database, self.child_table.schema)
        self.make_one(self.parent_at, self.parent_database, self.parent_table.schema)
        return self

    def make_one(self, at: Address, database: str, schema: str, encoding: str = "UTF8") -> None:
        """Create one database, unless it is there, and a schema in it."""
        admin = PgServers({at.instance: at}).admin(at.instance)
        try:
            if not admin.query(keyword("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s"), [database]):
                template = "CREATE DATABASE {} TEMPLATE template0 LOCALE 'C' ENCODING {}"
                admin.execute(sql(template, ident(database), literal(encoding)))
        finally:
            admin.close()
        self.on(at, database).execute(sql("CREATE SCHEMA IF NOT EXISTS {}", ident(schema)))

    def on(self, at: Address, database: str) -> PgSession:
        """A new session, closed by ``close``."""
        session = PgServers({at.instance: at}).admin(at.instance, database)
        self.sessions.append(session)
        session.execute(keyword("SET search_path = public, pg_catalog"))
        return session

    def child(self, text: str) -> PgSession:
        """Run statements in the child's database."""
        session = self.on(self.child_at, self.child_database)
        session.execute(raw(text))
        return session

    def parent(self, text: str) -> PgSession:
        """Run statements in the parent's database."""
        session = self.on(self.parent_at, self.parent_database)
        session.execute(raw(text))
        return session

    def close(self) -> None:
        while self.sessions:
            self.sessions.pop().close()

    @property
    def together(self) -> bool:
        """Whether both services are in one database."""
        return self.child_database == self.parent_database

    @property
    def servers(self) -> PgServers:
        return PgServers({"left": self.child_at, "right": self.parent_at})

    @property
    def platform(self) -> Platform:
        reference = Reference(self.child_table, self.columns, self.parent_table, self.parent_columns)
        return Platform(
            name="shop",
            layout=Layout.DATABASE_PER_SERVICE,
            servers=(Server("left", ServerKind.URL), Server("right", ServerKind.URL)),
            services=(
                Service("orders", (self.child_table.schema,), references=tuple(self.more) or (reference,)),
                Service("users", (self.parent_table.schema,)),
            ),
        )

    @property
    def placements(self) -> Placements:
        places = (
            ("orders", "left", self.child_database, self.child_table.schema),
            ("users", "left" if self.together else "right", self.parent_database, self.parent_table.schema),
        )
        return Placements(
            platform="shop",
            shared_login=False,
            roles=PlatformRoles("shop_analytics", "shop_monitor", "shop_backup"),
            instances=tuple(
                Instance(name, Server(name, ServerKind.URL), None, (), (), 10) for name in ("left", "right")
            ),
            services=tuple(
                Placement(service, instance, database, (schema,), ServiceRoles("o", "a", "r"))
                for service, instance, database, schema in places
            ),
        )

    def audit(self, servers: PgServers | None = None, **options: object) -> Report:
        """Audit the platform; every orphan goes to ``sunk``."""
        self.sunk.clear()

        def sink(link: Link, orphan: Orphan) -> None:
            self.sunk.append(orphan)

        return audit(
            self.platform,
            self.placements,
            servers or self.servers,
            SystemClock(),
            self.heard,
            sink=sink,
            **options,  # type: ignore[arg-type]  # options are passed on
        )

    def checked(self, **options: object) -> Checked:
        """The one reference, checked."""
        (only,) = self.audit(**options).references
        return only

    def keys(self) -> list[tuple[str, ...]]:
        """The keys of every orphan of the last audit."""
        return [orphan.key for orphan in self.sunk]


def codes(report: Report) -> list[str]:
    """The codes of the findings, in order."""
    return [finding.code for finding in report.findings]
