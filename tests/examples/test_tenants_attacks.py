"""Company abc attacks company xyz through the tables they share, and ann attacks bob of the same company.

Each attack is made by the service's own login with any SQL it likes, and must see nothing and change nothing. Then what
holds it off is taken away in a transaction, and the same attack must get through: that is its negative control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pytest

from support.tenancy import SECRET, SIGNAL, Companies, Session, pads, token


@dataclass(frozen=True)
class Attack:
    """Statements of one session, and the change that lets them through.

    They got through when the secret shows in what they answer or in an error, or when the victim's rows are not what
    they were, or when ``tells`` stands in what was said.
    """

    says: str
    service: str
    statements: Sequence[str]
    opened_by: str
    tells: str = SECRET
    before: str = ""
    """What the same connection did while it worked for the victim."""

    def __str__(self) -> str:
        return self.says.replace(" ", "-")


OPEN_SIGNALS = "CREATE POLICY hole ON trading.trading_signals USING (true) WITH CHECK (true)"
OPEN_POSITIONS = "CREATE POLICY hole ON trading.positions USING (true) WITH CHECK (true)"
SEE_SIGNALS = "CREATE POLICY hole ON trading.trading_signals FOR SELECT USING (true)"
REPLACE = "SELECT set_config('app.tenant_context', replace(current_setting('app.tenant_context'), {}), false)"
UNSIGNED = (
    "CREATE OR REPLACE FUNCTION trading.tenant_context() RETURNS text[] LANGUAGE sql STABLE"
    " RETURN (string_to_array(current_setting('app.tenant_context', true), '|'))[3:4];"
)
"""The context as most platforms have it: whatever the setting says."""
NO_PERSON = "DROP POLICY trading_signals_person ON trading.trading_signals;"
ZOE = SIGNAL.format(3)
PARTITION = (
    "DO $$ BEGIN EXECUTE (SELECT string_agg(format('%s', {}), '; ') FROM pg_partition_tree('trading.trading_ticks')"
    " WHERE level > 0); END $$"
)

FROM_ABC = [
    Attack(
        "read with no condition",
        "trading-engine",
        ["SELECT * FROM trading.trading_signals"],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "read by the name of the company",
        "trading-engine",
        ["SELECT * FROM trading.trading_signals WHERE company_id = 'xyz'"],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "read by COPY",
        "trading-engine",
        ["COPY trading.trading_signals TO STDOUT"],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "read through a view",
        "trading-engine",
        ["SELECT * FROM trading.open_positions"],
        "ALTER TABLE trading.positions NO FORCE ROW LEVEL SECURITY;"
        "ALTER VIEW trading.open_positions RESET (security_invoker)",
    ),
    Attack(
        "read through a function",
        "trading-engine",
        ["SELECT * FROM trading.profit('-infinity', 'infinity')"],
        "ALTER TABLE trading.executions NO FORCE ROW LEVEL SECURITY;ALTER FUNCTION trading.profit SECURITY DEFINER",
    ),
    Attack(
        "read through a search for what is alike",
        "ml-processing",
        ["SELECT * FROM ml.similar_patterns('{1,0,3}', 'm1', 100)"],
        "ALTER TABLE ml.trading_patterns DISABLE ROW LEVEL SECURITY",
    ),
    Attack(
        "read by an error that shows a value",
        "trading-engine",
        [("SELECT count(*) FROM trading.trading_signals WHERE company_id <> 'abc' AND (payload ->> 'n')::integer > 0")],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "read a partition itself",
        "trading-engine",
        [
            (
                "DO $$ DECLARE part regclass; row text; heard text := ''; BEGIN"
                " FOR part IN SELECT relid FROM pg_partition_tree('trading.trading_ticks') WHERE level > 0 LOOP"
                " FOR row IN EXECUTE format('SELECT t::text FROM %s AS t', part) LOOP heard := heard || row; END LOOP;"
                " END LOOP; RAISE EXCEPTION 'heard %', heard; END $$"
            )
        ],
        PARTITION.format("format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relid)"),
    ),
    Attack(
        "empty the partitions themselves",
        "trading-engine",
        [
            (
                "DO $$ DECLARE part regclass; BEGIN"
                " FOR part IN SELECT relid FROM pg_partition_tree('trading.trading_ticks') WHERE level > 0 LOOP"
                " EXECUTE format('DELETE FROM %s', part); END LOOP; END $$"
            )
        ],
        PARTITION.format("format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relid)"),
    ),
    Attack(
        "read the planner's statistics",
        "trading-engine",
        [
            "SELECT most_common_vals::text FROM pg_stats WHERE schemaname = 'trading' AND tablename = 'positions'",
            "SELECT histogram_bounds::text FROM pg_stats WHERE schemaname = 'trading' AND tablename = 'positions'",
        ],
        "ALTER TABLE trading.positions DISABLE ROW LEVEL SECURITY",
    ),
    Attack(
        "switch row security off",
        "trading-engine",
        ["SET row_security = off", "SELECT * FROM trading.trading_signals"],
        "ALTER TABLE trading.trading_signals DISABLE ROW LEVEL SECURITY",
    ),
    Attack(
        "execute a statement that was planned for them",
        "trading-engine",
        ["EXECUTE theirs"],
        NO_PERSON + OPEN_SIGNALS,
        before="PREPARE theirs AS SELECT * FROM trading.trading_signals",
    ),
    Attack(
        "update everything",
        "trading-engine",
        ["UPDATE trading.trading_signals SET price = 99"],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "update a row by its key",
        "trading-engine",
        [f"UPDATE trading.trading_signals SET price = 99 WHERE company_id = 'xyz' AND signal_id = '{ZOE}'"],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "delete everything",
        "trading-engine",
        ["DELETE FROM trading.positions"],
        "DROP POLICY positions_person ON trading.positions;" + OPEN_POSITIONS,
    ),
    Attack(
        "lock a row so that its owner waits",
        "trading-engine",
        ["SELECT * FROM trading.positions WHERE company_id = 'xyz' FOR UPDATE"],
        "DROP POLICY positions_person ON trading.positions;" + OPEN_POSITIONS,
    ),
    Attack(
        "insert a row for them",
        "trading-engine",
        [
            (
                "INSERT INTO trading.positions (company_id, user_id, account_id, symbol, volume, average_price)"
                " VALUES ('xyz', 'ann', 9, 'EURUSD', 1, 1)"
            )
        ],
        "CREATE POLICY hole ON trading.positions FOR INSERT WITH CHECK (true)",
    ),
    Attack(
        "give them a row",
        "trading-engine",
        ["UPDATE trading.positions SET company_id = 'xyz', account_id = 9"],
        "CREATE POLICY hole ON trading.positions FOR UPDATE USING (true) WITH CHECK (true);"
        "CREATE POLICY sight ON trading.positions FOR SELECT USING (true);"
        "ALTER TABLE trading.positions DROP CONSTRAINT positions_pkey",
    ),
    Attack(
        "insert where their row is and change it",
        "trading-engine",
        [
            (
                "INSERT INTO trading.trading_signals AS s (company_id, signal_id, user_id, symbol, direction, price)"
                f" VALUES ('xyz', '{ZOE}', 'zoe', 'EURUSD', 'buy', 1)"
                " ON CONFLICT (company_id, signal_id) DO UPDATE SET price = 99"
            )
        ],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "merge into their row",
        "trading-engine",
        [
            (
                f"MERGE INTO trading.trading_signals AS s USING (VALUES ('{ZOE}'::uuid)) AS v (id)"
                " ON s.signal_id = v.id WHEN MATCHED THEN UPDATE SET price = 99"
            )
        ],
        NO_PERSON + OPEN_SIGNALS,
    ),
    Attack(
        "ask by a unique key whether they have a row",
        "trading-engine",
        [
            (
                "INSERT INTO trading.trading_signals (company_id, signal_id, user_id, symbol, direction, price)"
                f" VALUES ('abc', '{ZOE}', 'ann', 'EURUSD', 'buy', 1)"
            )
        ],
        "CREATE UNIQUE INDEX hole ON trading.trading_signals (signal_id)",
        tells="duplicate key",
    ),
    Attack(
        "ask by a foreign key whether they have a row",
        "trading-engine",
        [
            (
                "INSERT INTO trading.executions"
                " (company_id, user_id, account_id, symbol, side, volume, price, signal_id)"
                f" SELECT 'abc', 'ann', 1, 'EURUSD', 'buy', 1, 1, '{ZOE}' RETURNING 'THERE-IS-SUCH-A-SIGNAL'"
            )
        ],
        "ALTER TABLE trading.executions DROP CONSTRAINT executions_company_id_signal_id_fkey;"
        "CREATE UNIQUE INDEX hole ON trading.trading_signals (signal_id);"
        "ALTER TABLE trading.executions ADD FOREIGN KEY (signal_id) REFERENCES trading.trading_signals (signal_id)",
        tells="THERE-IS-SUCH-A-SIGNAL",
    ),
    Attack(
        "count them by a sequence",
        "trading-engine",
        ["SELECT 'LAST ' || last_value FROM pg_sequences WHERE schemaname = 'trading'"],
        "CREATE SEQUENCE trading.hole; SELECT nextval('trading.hole');GRANT SELECT ON SEQUENCE trading.hole TO PUBLIC",
        tells="LAST",
    ),
    Attack(
        "truncate",
        "trading-engine",
        ["TRUNCATE trading.positions"],
        "GRANT TRUNCATE ON trading.positions TO PUBLIC",
    ),
    Attack(
        "read the key",
        "trading-engine",
        ["SELECT encode(inner_pad, 'hex') FROM trading.tenant_key"],
        "ALTER TABLE trading.tenant_key DISABLE ROW LEVEL SECURITY",
        tells=pads()[0].hex(),
    ),
    Attack(
        "add a key of one's own and use it",
        "trading-engine",
        [
            "INSERT INTO trading.tenant_key VALUES (7, '{inner}', '{outer}')",
            "{forged}",
            "SELECT * FROM trading.trading_signals",
        ],
        "ALTER TABLE trading.tenant_key DISABLE ROW LEVEL SECURITY",
    ),
    Attack(
        "change the company in one's own token",
        "trading-engine",
        [
            REPLACE.format("'|abc|', '|xyz|'"),
            REPLACE.format("'|ann|', '|*|'"),
            "SELECT * FROM trading.trading_signals",
        ],
        UNSIGNED,
    ),
    Attack(
        "change it in the middle of a statement",
        "trading-engine",
        [
            (
                "WITH me AS MATERIALIZED (SELECT set_config('app.tenant_context',"
                " replace(replace(current_setting('app.tenant_context'), '|abc|', '|xyz|'), '|ann|', '|*|'), false))"
                " SELECT s.* FROM me, LATERAL (SELECT * FROM trading.trading_signals WHERE me IS NOT NULL) AS s"
            )
        ],
        UNSIGNED + NO_PERSON,
    ),
    Attack(
        "use a token that was made for another login",
        "trading-engine",
        ["{stolen}", "SELECT * FROM trading.trading_signals"],
        UNSIGNED,
    ),
    Attack(
        "use a token of last week",
        "trading-engine",
        ["{expired}", "SELECT * FROM trading.trading_signals"],
        UNSIGNED,
    ),
    Attack(
        "become the owner",
        "trading-engine",
        [
            "SET ROLE tenants_trading_engine_owner",
            "ALTER TABLE trading.trading_signals DISABLE ROW LEVEL SECURITY",
            "SELECT * FROM trading.trading_signals",
        ],
        "GRANT tenants_trading_engine_owner TO tenants_trading_engine_app",
    ),
    Attack(
        "list the other companies",
        "central-hub",
        ["SELECT * FROM hub.companies"],
        "CREATE POLICY hole ON hub.companies USING (true)",
    ),
    Attack(
        "read how they are configured",
        "central-hub",
        ["SELECT * FROM hub.tenant_configurations", "SELECT * FROM hub.configuration_trail"],
        "CREATE POLICY hole ON hub.configuration_trail USING (true)",
    ),
]


FROM_ANN = [
    Attack(
        "read a colleague's signals",
        "trading-engine",
        ["SELECT * FROM trading.trading_signals"],
        NO_PERSON,
        tells="of-bob",
    ),
    Attack(
        "read a colleague's positions through the view",
        "trading-engine",
        ["SELECT * FROM trading.open_positions"],
        "DROP POLICY positions_person ON trading.positions",
        tells="of-bob",
    ),
    Attack(
        "sell what a colleague holds",
        "trading-engine",
        ["UPDATE trading.positions SET volume = 0"],
        "DROP POLICY positions_person ON trading.positions",
    ),
    Attack(
        "delete a colleague's patterns",
        "ml-processing",
        ["DELETE FROM ml.trading_patterns"],
        "DROP POLICY trading_patterns_deletes ON ml.trading_patterns;"
        "DROP POLICY trading_patterns_reads ON ml.trading_patterns",
    ),
    Attack(
        "sign for a colleague",
        "trading-engine",
        [
            (
                "INSERT INTO trading.trading_signals (company_id, user_id, symbol, direction, price)"
                " VALUES ('abc', 'bob', 'EURUSD', 'sell', 1)"
            )
        ],
        NO_PERSON,
    ),
    Attack(
        "say that one is the company's job",
        "trading-engine",
        [REPLACE.format("'|ann|', '|*|'"), "SELECT * FROM trading.trading_signals"],
        UNSIGNED,
        tells="of-bob",
    ),
    Attack(
        "lift a colleague's limit",
        "risk-management",
        ["UPDATE risk.limits SET threshold = 1000000"],
        "DROP POLICY limits_updates ON risk.limits; DROP POLICY limits_reads ON risk.limits",
    ),
]


def said(two: Companies, session: Session, attack: Attack) -> str:
    """Everything that the server answered, rows and errors, as one text. Stops at the first error, like a client."""
    login = two.logins.user(attack.service)
    texts = {
        "inner": "\\x" + pads(b"own")[0].hex(),
        "outer": "\\x" + pads(b"own")[1].hex(),
        "forged": _set(token("xyz", "*", login, key=b"own", number=7)),
        "stolen": _set(token("xyz", "*", two.logins.user("ml-processing"))),
        "expired": _set(token("xyz", "*", login, expires_in=-7 * 86_400)),
    }
    answers: list[str] = []
    for statement in attack.statements:
        for name, value in texts.items():
            statement = statement.replace(f"{{{name}}}", value)
        try:
            if statement.startswith("COPY"):
                with session.cursor().copy(statement.encode()) as copy:
                    answers += [bytes(block).decode() for block in copy]
                continue
            cursor = session.execute(statement.encode())
            if cursor.description:
                answers.append(str(cursor.fetchall()))
        except psycopg.Error as error:
            answers.append(f"{error.sqlstate} {error} {error.diag.message_detail}")
            break
    return "\n".join(answers)


def _set(value: str) -> str:
    return f"SELECT set_config('app.tenant_context', '{value}', false) IS NULL"


@pytest.mark.parametrize("attack", FROM_ABC, ids=str)
def test_a_company_gets_nothing_of_another(two: Companies, attack: Attack) -> None:
    _gets_nothing(two, attack, "xyz")


@pytest.mark.parametrize("attack", FROM_ANN, ids=str)
def test_a_person_gets_nothing_of_a_colleague(two: Companies, attack: Attack) -> None:
    _gets_nothing(two, attack, "abc", "bob")


def _before(two: Companies, session: Session, attack: Attack) -> None:
    if attack.before:
        two.works_for(session, attack.service, "xyz")
        session.execute(attack.before.encode())
        # a plan is kept for good after five executions
        for _ in range(6):
            assert SECRET in str(session.execute(attack.statements[0].encode()).fetchall())


def _gets_nothing(two: Companies, attack: Attack, company: str, person: str = "") -> None:
    with psycopg.connect(two.logins.admin_url(attack.service), autocommit=True) as admin:
        before = two.state(admin, attack.service, company, person)
        own = two.state(admin, attack.service, "abc")
        with two.session(attack.service) as session:
            _before(two, session, attack)
            two.works_for(session, attack.service, "abc", "ann")
            session.autocommit = False
            heard = said(two, session, attack)
            # what it did stays, so that the administrator can see it
            session.commit()
        assert attack.tells not in heard, heard
        assert two.state(admin, attack.service, company, person) == before
        if two.state(admin, attack.service, "abc") != own:
            two.fill()


@pytest.mark.parametrize("attack", FROM_ABC, ids=str)
def test_the_attack_gets_through_where_its_defence_is_gone(two: Companies, attack: Attack) -> None:
    _gets_through(two, attack, "xyz")


@pytest.mark.parametrize("attack", FROM_ANN, ids=str)
def test_the_colleague_is_open_where_the_policy_is_gone(two: Companies, attack: Attack) -> None:
    _gets_through(two, attack, "abc", "bob")


def _gets_through(two: Companies, attack: Attack, company: str, person: str = "") -> None:
    with psycopg.connect(two.logins.admin_url(attack.service), autocommit=True) as admin:
        before = two.state(admin, attack.service, company, person)
    with two.opened(attack.service, attack.opened_by) as session:
        _before(two, session, attack)
        two.works_for(session, attack.service, "abc", "ann")
        heard = said(two, session, attack)
        if attack.tells in heard:
            return
        assert session.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS, heard
        session.execute("RESET SESSION AUTHORIZATION")
        assert two.state(session, attack.service, company, person) != before, heard
