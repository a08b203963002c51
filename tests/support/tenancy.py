"""The example `tenants` with two companies in it, and tokens as a gateway would mint them."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from support.rules import Logins, logins

Session = psycopg.Connection[tuple[object, ...]]

KEY = hashlib.sha256(b"a key that only the gateway has").digest()
SCHEMAS = {
    "trading-engine": "trading",
    "ml-processing": "ml",
    "risk-management": "risk",
    "notification-hub": "notifications",
    "central-hub": "hub",
    "analytics-service": "analytics",
}
SECRET = "SECRETOFXYZ"
"""Stands in every row of company xyz that holds text."""

SIGNAL = "00000000-0000-4000-8000-00000000000{}"
FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO hub.companies (company_id, name) VALUES ('{c}', '{s}');
INSERT INTO hub.tenant_configurations (company_id, config_key, config_value) VALUES ('{c}', 'theme', '"{s}"');
INSERT INTO hub.configuration_trail (company_id, config_key, person, new_value)
    VALUES ('{c}', 'theme', '{s}', '"{s}"');
INSERT INTO ml.model_versions (model_version, kind, dimensions) VALUES ('m1', 'embedding', 3)
    ON CONFLICT DO NOTHING;
"""
FILL_PERSON = """
SET LOCAL session_replication_role = replica;
INSERT INTO trading.market_data (company_id, user_id, symbol, tick_data)
    VALUES ('{c}', '{p}', 'EURUSD', '{{"n": "{s}"}}');
INSERT INTO trading.trading_ticks (time, company_id, user_id, symbol, bid, ask, volume)
    VALUES (now(), '{c}', '{p}', '{s}', 1, 2, 3);
INSERT INTO trading.trading_signals (company_id, signal_id, user_id, symbol, direction, price, payload)
    VALUES ('{c}', '{signal}', '{p}', 'EURUSD', 'buy', 1, '{{"n": "{s}"}}');
INSERT INTO trading.executions
        (company_id, execution_id, user_id, signal_id, account_id, symbol, side, volume, price, profit)
    VALUES ('{c}', '{signal}', '{p}', '{signal}', {n}, '{s}', 'buy', 1, 1, 4711.{n});
INSERT INTO trading.positions (company_id, user_id, account_id, symbol, volume, average_price)
    VALUES ('{c}', '{p}', {n}, '{s}', 1, 1);
INSERT INTO ml.ai_predictions (time, company_id, user_id, symbol, prediction_type, confidence, model_version, features)
    VALUES (now(), '{c}', '{p}', '{s}', 'buy', 0.5, 'm1', '{{"n": "{s}"}}');
INSERT INTO ml.trading_patterns (company_id, pattern_id, user_id, name, model_version, embedding)
    VALUES ('{c}', '{signal}', '{p}', '{s}', 'm1', '{{1,0,{n}}}');
INSERT INTO risk.limits (company_id, user_id, measure, threshold) VALUES ('{c}', '{p}', 'net', 0.{n});
INSERT INTO risk.calculations (company_id, user_id, measure, value) VALUES ('{c}', '{p}', 'net', 4711.{n});
INSERT INTO notifications.preferences VALUES ('{c}', '{p}', 'risk', 'email');
INSERT INTO notifications.notification_logs (company_id, notification_id, user_id, topic, body)
    VALUES ('{c}', '{signal}', '{p}', 'risk', '{s}');
INSERT INTO notifications.deliveries VALUES ('{c}', '{signal}', '{p}', 'email');
INSERT INTO analytics.signal_analytics VALUES ('{c}', '{p}', '{signal}', '{s}', 'buy', 0.4711, now());
INSERT INTO analytics.user_activity (company_id, user_id, action) VALUES ('{c}', '{p}', '{s}');
"""
PEOPLE = (("abc", "ann", 1), ("abc", "bob", 2), ("xyz", "zoe", 3))


def pads(key: bytes = KEY) -> tuple[bytes, bytes]:
    """The two pads of a key, as the key table holds them."""
    block = key.ljust(64, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def token(company: str, person: str, login: str, *, key: bytes = KEY, expires_in: float = 60, number: int = 1) -> str:
    """A tenant context. With another ``key`` it is what a forger would make."""
    body = f"v1|{number}|{company}|{person}|{login}|{int(time.time() + expires_in)}"
    return f"{body}|{hmac.new(key, body.encode(), hashlib.sha256).hexdigest()}"


@dataclass
class Companies:
    """The platform up, filled with the rows of two companies; keys are installed."""

    logins: Logins
    _admin: list[str] = field(default_factory=list)

    def context(self, service: str, company: str, person: str) -> str:
        return token(company, person, self.logins.user(service))

    @contextmanager
    def session(self, service: str, company: str = "", person: str = "*") -> Iterator[Session]:
        """The app login of a service, working for a company, or for none."""
        with psycopg.connect(self.logins.url(service), autocommit=True) as session:
            if company:
                self.works_for(session, service, company, person)
            yield session

    def works_for(self, session: Session, service: str, company: str, person: str = "*") -> None:
        session.execute("SELECT set_config('app.tenant_context', %s, false)", (self.context(service, company, person),))

    @contextmanager
    def opened(self, service: str, opening: str, company: str = "abc", person: str = "ann") -> Iterator[Session]:
        """The same login in a transaction in which ``opening`` has broken something; all of it is undone.

        A superuser takes the login's identity: session_user is the login, and nothing is left of the superuser."""
        with psycopg.connect(self.logins.admin_url(service)) as session:
            try:
                session.execute(opening.encode())
                session.execute(
                    sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(self.logins.user(service)))
                )
                self.works_for(session, service, company, person)
                yield session
            finally:
                session.rollback()

    def install_keys(self) -> None:
        """As the gateway's operator would: the owner role may, no login of a service can."""
        for service, schema in SCHEMAS.items():
            insert = f"INSERT INTO {schema}.tenant_key VALUES (1, %s, %s)".encode()
            if service == "trading-engine":
                with psycopg.connect(self.logins.url(service, "owner"), autocommit=True) as owner:
                    owner.execute(insert, pads())
                continue
            # the same, without asking for a login that is lent
            with psycopg.connect(self.logins.admin_url(service), autocommit=True) as admin:
                admin.execute(f"SET ROLE tenants_{service.replace('-', '_')}_owner".encode())
                admin.execute(insert, pads())

    def fill(self) -> None:
        """The rows of both companies, and none but these."""
        with psycopg.connect(self.logins.admin_url("central-hub")) as admin:
            for service in SCHEMAS:
                admin.execute(f"TRUNCATE {', '.join(self.tables(service))} CASCADE".encode())
            for company in ("abc", "xyz"):
                secret = SECRET if company == "xyz" else f"of-{company}"
                admin.execute(FILL.format(c=company, s=secret).encode())
            for company, person, number in PEOPLE:
                secret = SECRET if company == "xyz" else f"of-{person}"
                text = FILL_PERSON.format(c=company, p=person, n=number, s=secret, signal=SIGNAL.format(number))
                admin.execute(text.encode())

    def tables(self, service: str) -> list[str]:
        """The service's tables that hold rows of companies."""
        with psycopg.connect(self.logins.admin_url(service)) as admin:
            rows = admin.execute(
                "SELECT a.attrelid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
                " WHERE a.attname = 'company_id' AND c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p')"
                " AND NOT c.relispartition ORDER BY 1",
                (SCHEMAS[service],),
            ).fetchall()
        return [str(name) for (name,) in rows]

    def state(self, session: Session, service: str, company: str = "xyz", person: str = "") -> tuple[object, ...]:
        """A digest of everything a company, or one of its people, has in a service; seen by the administrator."""
        digest: list[object] = []
        for table in self.tables(service):
            column = "company_id"
            wanted = company
            if person and table not in ("hub.companies", "hub.tenant_configurations", "hub.configuration_trail"):
                column, wanted = "user_id", person
            elif person:
                continue
            query = f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} AS t WHERE {column} = %s"
            digest.append(session.execute(query.encode(), (wanted,)).fetchone())
        return tuple(digest)


@contextmanager
def companies(layout: str, version: int) -> Iterator[Companies]:
    with logins("tenants", layout, version) as platform:
        found = Companies(platform)
        found.install_keys()
        found.fill()
        with psycopg.connect(platform.admin_url("central-hub"), autocommit=True) as admin:
            admin.execute("ANALYZE")
        yield found
