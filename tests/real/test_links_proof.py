"""A proof of links: green when they are as declared, red for each single thing that is not."""

# ruff: noqa: E501  the table of breaches reads best with few lines for each

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from freehold.spec.model import Layout
from support.applying import Workshop
from support.clusters import VERSIONS
from support.linked import admin, arrives, both_ways, prove, running, told, workshop

pytestmark = pytest.mark.real

LINK, APP, MIRROR = "shop_billing_link", "shop_billing_app", "shop_mirror"


@dataclass(frozen=True)
class Breach:
    """One thing that is wrong, done as the administrator in a service's database. S stands for the foreign server,
    LINK for the subscription, slot and publication. Without ``undo`` the next apply mends it.
    """

    name: str
    where: str
    do: str
    undo: str
    code: str


BREACHES = (
    Breach(
        "usage_for_the_app",
        "billing",
        f"GRANT USAGE ON FOREIGN SERVER S TO {APP}",
        f"REVOKE USAGE ON FOREIGN SERVER S FROM {APP}",
        "through_links",
    ),
    Breach(
        "usage_for_the_owner",
        "billing",
        "GRANT USAGE ON FOREIGN SERVER S TO shop_billing_owner",
        "REVOKE USAGE ON FOREIGN SERVER S FROM shop_billing_owner",
        "through_links",
    ),
    Breach(
        "mapping_to_the_administrator",
        "billing",
        f"ALTER USER MAPPING FOR {APP} SERVER S OPTIONS (SET user 'postgres')",
        "",
        "through_links",
    ),
    Breach(
        "mapping_without_password",
        "billing",
        f"ALTER USER MAPPING FOR {APP} SERVER S OPTIONS (ADD password_required 'false')",
        "",
        "through_links",
    ),
    Breach(
        "mapping_for_a_neighbour",
        "billing",
        "CREATE USER MAPPING FOR shop_feed_app SERVER S OPTIONS (user 'x', password 'x')",
        "DROP USER MAPPING FOR shop_feed_app SERVER S",
        "through_links",
    ),
    Breach(
        "mapping_for_public",
        "billing",
        "CREATE USER MAPPING FOR PUBLIC SERVER S OPTIONS (user 'x', password 'x')",
        "DROP USER MAPPING FOR PUBLIC SERVER S",
        "dblink_loopback",
    ),
    Breach("server_can_be_written", "billing", "ALTER SERVER S OPTIONS (SET updatable 'true')", "", "through_links"),
    Breach(
        "table_can_be_written",
        "billing",
        "ALTER FOREIGN TABLE users.account OPTIONS (SET updatable 'true')",
        "",
        "through_links",
    ),
    Breach("server_leads_elsewhere", "billing", "ALTER SERVER S OPTIONS (SET dbname 'shop_feed')", "", "through_links"),
    Breach(
        "table_leads_elsewhere",
        "billing",
        "ALTER FOREIGN TABLE users.account OPTIONS (SET table_name 'secret')",
        "",
        "through_links",
    ),
    Breach(
        "table_nobody_declared",
        "billing",
        "CREATE FOREIGN TABLE billing.s (id bigint) SERVER S OPTIONS (schema_name 'users', table_name 'secret')",
        "DROP FOREIGN TABLE billing.s",
        "through_links",
    ),
    Breach(
        "mirror_may_be_written",
        "billing",
        f"GRANT INSERT ON users.account TO {APP}",
        f"REVOKE INSERT ON users.account FROM {APP}",
        "undeclared_grants",
    ),
    Breach("mirror_is_missing", "billing", "DROP FOREIGN TABLE users.account", "", "declared_reads"),
    Breach("mirror_is_closed", "billing", f"REVOKE SELECT ON users.account FROM {APP}", "", "declared_reads"),
    Breach("source_is_closed", "users", f"REVOKE SELECT ON users.account FROM {LINK}", "", "declared_reads"),
    Breach(
        "column_was_renamed",
        "users",
        "ALTER TABLE users.account RENAME COLUMN amount TO total",
        "ALTER TABLE users.account RENAME COLUMN total TO amount",
        "declared_reads",
    ),
    Breach("password_was_changed", "users", f"ALTER ROLE {LINK} PASSWORD 'something-else'", "", "declared_reads"),
    Breach("login_reads_more", "users", f"GRANT SELECT ON users.secret TO {LINK}", "", "read_tables"),
    Breach("login_writes", "users", f"GRANT UPDATE ON users.account TO {LINK}", "", "write_tables"),
    Breach("login_enters_another", "feed", f"GRANT CONNECT ON DATABASE shop_feed TO {LINK}", "", "undeclared_grants"),
    Breach("login_bypasses", "users", f"ALTER ROLE {LINK} BYPASSRLS", "", "role_attributes"),
    Breach("login_replicates", "users", f"ALTER ROLE {LINK} REPLICATION", "", "replication"),
    Breach("login_without_limit", "users", f"ALTER ROLE {LINK} CONNECTION LIMIT -1", "", "connection_exhaustion"),
    Breach(
        "login_is_a_member",
        "users",
        f"GRANT shop_users_owner TO {LINK}",
        f"REVOKE shop_users_owner FROM {LINK}",
        "role_membership",
    ),
    Breach("mirror_role_logs_in", "billing", f"ALTER ROLE {MIRROR} LOGIN", "", "role_attributes"),
    Breach(
        "replica_lacks_a_row",
        "report",
        "DELETE FROM users.account WHERE id = 50",
        "INSERT INTO users.account (id, name, mail, status, tags, home, amount, at) SELECT 50, 'n50', '50@x', 'paid', '{new}', '(s,c)', 50, at FROM users.account WHERE id = 49",
        "replicas_follow",
    ),
    Breach(
        "replica_has_another_value",
        "report",
        "UPDATE users.account SET amount = 1 WHERE id = 50",
        "UPDATE users.account SET amount = 50 WHERE id = 50",
        "replicas_follow",
    ),
    Breach(
        "replica_has_a_row_too_many",
        "report",
        "INSERT INTO users.account (id, status) VALUES (-1, 'new')",
        "DELETE FROM users.account WHERE id = -1",
        "replicas_follow",
    ),
    Breach("replica_is_missing", "report", "DROP TABLE users.account", "", "replicas_follow"),
    Breach(
        "replica_may_be_written",
        "report",
        "GRANT DELETE ON users.account TO shop_report_app",
        "REVOKE DELETE ON users.account FROM shop_report_app",
        "through_links",
    ),
    Breach(
        "replica_may_be_written_by_migrations",
        "report",
        "GRANT USAGE ON SCHEMA users TO shop_report_owner;\nGRANT INSERT ON users.account TO shop_report_owner",
        "REVOKE USAGE ON SCHEMA users FROM shop_report_owner;\nREVOKE INSERT ON users.account FROM shop_report_owner",
        "through_links",
    ),
    Breach("subscription_stands_still", "report", "ALTER SUBSCRIPTION LINK DISABLE", "", "replicas_follow"),
    Breach(
        "subscription_leads_elsewhere",
        "report",
        "ALTER SUBSCRIPTION LINK CONNECTION 'host=127.0.0.1 port=1 dbname=x'",
        "",
        "replicas_follow",
    ),
    Breach(
        "subscription_is_gone",
        "report",
        "ALTER SUBSCRIPTION LINK DISABLE;\nALTER SUBSCRIPTION LINK SET (slot_name = NONE);\nDROP SUBSCRIPTION LINK",
        "",
        "replicas_follow",
    ),
    Breach(
        "subscription_cannot_apply",
        "report",
        "DELETE FROM users.account WHERE id = 100;\nALTER TABLE users.account ADD CHECK (id <> 100) NOT VALID;\nALTER SUBSCRIPTION LINK REFRESH PUBLICATION",
        "ALTER TABLE users.account DROP CONSTRAINT account_id_check;\nDROP TABLE users.account",
        "replicas_follow",
    ),
    Breach("publication_names_more", "users", "ALTER PUBLICATION LINK ADD TABLE users.secret", "", "replicas_follow"),
    Breach("replica_login_reads_more", "users", "GRANT SELECT ON users.secret TO shop_report_repl", "", "read_tables"),
    Breach("replica_login_bypasses", "users", "ALTER ROLE shop_report_repl BYPASSRLS", "", "role_attributes"),
    Breach("replica_login_is_superuser", "users", "ALTER ROLE shop_report_repl SUPERUSER", "", "role_attributes"),
    Breach(
        "change_of_the_source_is_hidden",
        "users",
        "ALTER PUBLICATION LINK SET (publish = 'insert');\nUPDATE users.account SET amount = 0 WHERE id = 77;\nSELECT pg_sleep(1)",
        "ALTER PUBLICATION LINK SET (publish = 'insert, update, delete, truncate');\nUPDATE users.account SET amount = 77 WHERE id = 77",
        "replicas_follow",
    ),
)


SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
TRIED = [
    pytest.param(version, breach, id=f"pg{version}-{breach.name}")
    for version, some in zip(VERSIONS, (8, 3), strict=False)
    for breach in (BREACHES if SOAK else random.Random(20261121 + version).sample(BREACHES, some))
]
"""A seeded sample; all of them on every version with FREEHOLD_SOAK=1."""


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Workshop]]:
    """(version) -> the applied platform, made once."""
    made: dict[int, Workshop] = {}
    some = both_ways()
    with ExitStack() as stack:

        def of(version: int) -> Workshop:
            if version not in made:
                _, servers = stack.enter_context(running(Layout.DATABASE_PER_SERVICE, version, some))
                folder = tmp_path_factory.mktemp(f"links{version}")
                made[version] = workshop(servers, folder, Layout.DATABASE_PER_SERVICE, some)
                made[version].apply()
            return made[version]

        yield of


@pytest.mark.parametrize("version", VERSIONS)
def test_links_as_declared_are_proved(works: Callable[[int], Workshop], version: int) -> None:
    report = prove(works(version))
    assert report.passed, told(report)
    assert report.by_attack["through_links"]["held"] > 20
    reads = [cell for cell in report.matrix if (cell.actor, cell.target) == ("billing", "users")]
    assert reads[0].attempts > 0


@pytest.mark.parametrize(("version", "breach"), TRIED)
def test_what_is_not_as_declared_is_found(works: Callable[[int], Workshop], version: int, breach: Breach) -> None:
    work = works(version)
    arrives(work, "report", "SELECT count(*) FROM users.account", [(100,)])
    through, follows = (link.name for link in work.design().placements.links)

    def run(text: str) -> None:
        for statement in text.split(";\n"):
            admin(work, breach.where, statement.replace("SERVER S", f"SERVER {through}").replace("LINK", follows))

    run(breach.do)
    try:
        report = prove(work, breach.code)
        assert {finding.code for finding in report.violations} == {breach.code}, told(report)
    finally:
        if breach.undo:
            run(breach.undo)
        work.apply()
    assert work.sentences() == []


@pytest.mark.parametrize("version", VERSIONS)
def test_after_all_of_it_the_proof_is_green_again(works: Callable[[int], Workshop], version: int) -> None:
    report = prove(works(version))
    assert report.passed, told(report)
