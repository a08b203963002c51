"""TREUM's messages and texts: a queue that loses and doubles nothing, bounces, templates, approval before print."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from conftest import Connection, Treum

TAKE = "SELECT message_id, claim, attempt FROM notifications.take(%s, %s::interval)"
FINISH = "SELECT notifications.finish(%s, %s, 'acme', %s)"
FAIL = "SELECT notifications.fail(%s, %s, 'no answer')"
WORKERS = 8


def one(connection: Connection, sql: str, *values: object) -> object:
    row = connection.execute(sql.encode(), values).fetchone()
    assert row is not None
    return row[0]


def template(notifications: Connection, category: str = "trading", body: str = "Hello {{name}}") -> str:
    """A template by a new name, with one version in use."""
    name = "t_" + uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
    number = one(
        notifications,
        "INSERT INTO templates.template (name, channel, category) VALUES (%s, 'email', %s) RETURNING template_id",
        name,
        category,
    )
    notifications.execute("SELECT templates.publish(%s, 'Subject', %s)", (number, body))
    return name


def enqueue(notifications: Connection, account: str, name: str, key: str | None = None, priority: int = 5) -> int:
    made = one(
        notifications,
        "SELECT notifications.enqueue(%s, %s, 'email', '{\"name\": \"Ada\"}', %s, %s::smallint)",
        account,
        name,
        key,
        priority,
    )
    assert isinstance(made, int)
    return made


@pytest.fixture
def account(treum: Treum) -> str:
    """An account with nothing in the queue before it."""
    with treum.connect("notifications") as notifications:
        notifications.execute("DELETE FROM notifications.queue")
    return treum.account(f"{uuid.uuid4()}@example.org")


def status(notifications: Connection, message: int) -> object:
    return one(notifications, "SELECT status FROM notifications.message WHERE message_id = %s", message)


def test_eight_workers_send_each_message_once(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        name = template(notifications)
        queued = {enqueue(notifications, account, name) for _ in range(400)}
    together = threading.Barrier(WORKERS)

    def work(_: int) -> list[int]:
        sent: list[int] = []
        with treum.connect("notifications") as notifications:
            together.wait()
            while taken := notifications.execute(TAKE, (7, "5 minutes")).fetchall():
                for message, claim, attempt in taken:
                    assert attempt == 1
                    assert one(notifications, FINISH, message, claim, str(message)) is True
                    assert isinstance(message, int)
                    sent.append(message)
        return sent

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = list(pool.map(work, range(WORKERS)))
    counted = Counter(message for share in shares for message in share)
    assert counted == Counter(queued)
    assert sum(1 for share in shares if share) > 1
    with treum.connect("notifications") as notifications:
        assert one(notifications, "SELECT count(*) FROM notifications.queue") == 0
        sent = "SELECT count(*) FROM notifications.message WHERE message_id = ANY (%s) AND status = 'sent'"
        assert one(notifications, sent, list(queued)) == 400


def test_what_is_taken_is_hidden_and_comes_back_when_it_is_not_finished(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        message = enqueue(notifications, account, template(notifications))
        slow = notifications.execute(TAKE, (1, "300 milliseconds")).fetchall()
        assert [row[0] for row in slow] == [message]
        assert notifications.execute(TAKE, (1, "1 minute")).fetchall() == []
        notifications.execute("SELECT pg_sleep(0.4)")
        quick = notifications.execute(TAKE, (1, "1 minute")).fetchall()
        assert [(row[0], row[2]) for row in quick] == [(message, 2)]
        # the first worker comes too late and is told so
        assert one(notifications, FINISH, message, slow[0][1], "late") is False
        assert one(notifications, FAIL, message, slow[0][1]) is False
        assert one(notifications, FINISH, message, quick[0][1], f"ref-{message}") is True
        assert one(notifications, "SELECT count(*) FROM delivery.attempt WHERE message_id = %s", message) == 1


def test_a_worker_that_dies_in_its_transaction_has_taken_nothing(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        message = enqueue(notifications, account, template(notifications))
        with psycopg.connect(treum.url("notifications")) as dying:
            assert len(dying.execute(TAKE, (1, "1 hour")).fetchall()) == 1
            # others do not wait for it
            assert notifications.execute(TAKE, (1, "1 hour")).fetchall() == []
            dying.rollback()
        assert [row[0] for row in notifications.execute(TAKE, (1, "1 hour")).fetchall()] == [message]


def test_failures_wait_longer_each_time_and_end_among_the_dead(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        message = enqueue(notifications, account, template(notifications))
        waits = []
        for attempt in range(1, 9):
            (taken,) = notifications.execute(TAKE, (1, "1 minute")).fetchall()
            assert taken[2] == attempt
            assert one(notifications, FAIL, message, taken[1]) is True
            waits.append(
                one(
                    notifications,
                    "SELECT extract(epoch FROM available_at - now())::float8"
                    " FROM notifications.queue WHERE message_id = %s",
                    message,
                )
            )
            notifications.execute("UPDATE notifications.queue SET available_at = now()")
        for attempt, wait in enumerate(waits, 1):
            assert isinstance(wait, float)
            assert 0.7 * 2**attempt < wait < 1.3 * 2**attempt
        assert notifications.execute(TAKE, (1, "1 minute")).fetchall() == []
        assert status(notifications, message) == "dead"
        letter = "SELECT attempts, last_error FROM notifications.dead_letter WHERE message_id = %s"
        assert notifications.execute(letter, (message,)).fetchone() == (8, "no answer")
        assert one(notifications, "SELECT notifications.requeue(%s)", message) is True
        assert one(notifications, "SELECT notifications.requeue(%s)", message) is False
        assert [row[::2] for row in notifications.execute(TAKE, (1, "1 minute")).fetchall()] == [(message, 1)]


def test_the_most_urgent_goes_first_and_one_key_is_one_message(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        name = template(notifications)
        low, high = enqueue(notifications, account, name, priority=9), enqueue(notifications, account, name, priority=1)
        key = str(uuid.uuid4())
        once = enqueue(notifications, account, name, key)
        assert enqueue(notifications, account, name, key) == once
        order = [row[0] for _ in range(3) for row in notifications.execute(TAKE, (1, "1 minute")).fetchall()]
        assert order == [high, once, low]
        assert notifications.execute(TAKE, (1, "1 minute")).fetchall() == []


def test_nobody_gets_what_was_switched_off_and_everybody_gets_warnings(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        switch = (
            "INSERT INTO notifications.preference (account_id, channel, category, enabled) VALUES (%s, 'email', %s, %s)"
        )
        notifications.execute(switch, (account, "trading", False))
        with pytest.raises(psycopg.errors.CheckViolation):
            notifications.execute(switch, (account, "security", False))
        said = {
            category: status(notifications, enqueue(notifications, account, template(notifications, category)))
            for category in ("trading", "security", "billing", "marketing")
        }
        assert said == {"trading": "suppressed", "security": "queued", "billing": "queued", "marketing": "suppressed"}
        assert len(notifications.execute(TAKE, (9, "1 minute")).fetchall()) == 2


def sent(notifications: Connection, account: str, name: str) -> str:
    """A message that a provider has taken; its reference."""
    message = enqueue(notifications, account, name)
    reference = f"ref-{message}"
    (taken,) = notifications.execute(TAKE, (1, "1 minute")).fetchall()
    assert one(notifications, FINISH, message, taken[1], reference) is True
    return reference


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        (["delivered", "opened", "clicked"], None),
        (["hard_bounce"], "hard_bounce"),
        (["delivered", "complaint"], "complaint"),
        (["soft_bounce", "soft_bounce"], None),
        (["soft_bounce", "soft_bounce", "soft_bounce"], "soft_bounces"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_bounces_end_sending(reports: list[str], reason: str | None, treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        name = template(notifications)
        references = [sent(notifications, account, name) for _ in reports]
        for reference, kind in zip(references, reports, strict=True):
            assert one(notifications, "SELECT delivery.report(%s, %s, now())", reference, kind) is True
        assert one(notifications, "SELECT delivery.report('nobody knows', 'delivered', now())") is False
        found = notifications.execute(
            "SELECT reason FROM delivery.suppression WHERE account_id = %s", (account,)
        ).fetchone()
        assert found == (None if reason is None else (reason,))
        after = status(notifications, enqueue(notifications, account, name))
        assert after == ("queued" if reason is None else "suppressed")


def test_soft_bounces_of_another_week_do_not_count(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        name = template(notifications)
        for days in (20, 10, 0):
            at = datetime.now(UTC) - timedelta(days=days)
            notifications.execute(
                "SELECT delivery.report(%s, 'soft_bounce', %s)", (sent(notifications, account, name), at)
            )
        assert one(notifications, "SELECT count(*) FROM delivery.suppression WHERE account_id = %s", account) == 0


def test_a_message_keeps_the_version_it_was_made_with(treum: Treum, account: str) -> None:
    with treum.connect("notifications") as notifications:
        name = template(notifications, body="Dear {{name}}")
        number = one(notifications, "SELECT template_id FROM templates.template WHERE name = %s", name)
        first = enqueue(notifications, account, name)
        assert one(notifications, "SELECT templates.publish(%s, 'Subject', 'Hi {{name}}, {{name}}!')", number) == 2
        second = enqueue(notifications, account, name)
        render = (
            "SELECT templates.render(template_id, version, variables) FROM notifications.message WHERE message_id = %s"
        )
        assert one(notifications, render, first) == "Dear Ada"
        assert one(notifications, render, second) == "Hi Ada, Ada!"
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="name"):
            notifications.execute("SELECT templates.render(%s, 2, '{}')", (number,))
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            notifications.execute("UPDATE templates.version SET body = 'Gone' WHERE template_id = %s", (number,))
        with pytest.raises(psycopg.errors.UniqueViolation):
            notifications.execute("UPDATE templates.version SET in_use = true WHERE template_id = %s", (number,))


def prompt(content: Connection) -> int:
    """A prompt template with its first version active."""
    name = "p_" + uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
    number = one(
        content,
        "INSERT INTO content_intelligence.template (name, audience) VALUES (%s, 'retail') RETURNING template_id",
        name,
    )
    assert isinstance(number, int)
    content.execute("SELECT content_intelligence.add_version(%s, 'Explain', 'ada')", (number,))
    content.execute("SELECT content_intelligence.activate(%s, 1)", (number,))
    return number


def draft(content: Connection, body: str = "Shares may fall as well as rise.") -> str:
    return str(
        one(
            content,
            "INSERT INTO generation.draft (template_id, version, model, body, requested_by, input_tokens,"
            " output_tokens, cost) VALUES (%s, 1, 'small', %s, 'ada', 10, 20, 0.0004) RETURNING draft_id",
            prompt(content),
            body,
        )
    )


PUBLISH = "INSERT INTO content_compliance.publication (draft_id, channel) VALUES (%s, 'app')"
VERDICT = (
    "UPDATE content_compliance.review SET verdict = %s, reviewer = %s, reason = %s, reviewed_at = now()"
    " WHERE draft_id = %s"
)


def test_only_an_approved_draft_is_published(treum: Treum) -> None:
    with treum.connect("content-intelligence") as content:
        text = draft(content)
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="publication_approved"):
            content.execute(PUBLISH, (text,))
        content.execute("INSERT INTO content_compliance.review (draft_id, author) VALUES (%s, 'ada')", (text,))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            content.execute(PUBLISH, (text,))
        with pytest.raises(psycopg.errors.CheckViolation, match="review_by_another"):
            content.execute(VERDICT, ("approved", "ada", "", text))
        with pytest.raises(psycopg.errors.CheckViolation, match="review_refused_with_reason"):
            content.execute(VERDICT, ("refused", "ben", "", text))
        content.execute(VERDICT, ("refused", "ben", "no source", text))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            content.execute(PUBLISH, (text,))
        content.execute(VERDICT, ("approved", "ben", "", text))
        content.execute(PUBLISH, (text,))
        # what is published cannot be said to have been refused
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            content.execute(VERDICT, ("refused", "ben", "changed my mind", text))
        with pytest.raises(psycopg.errors.GeneratedAlways):
            content.execute("UPDATE content_compliance.publication SET verdict = 'pending'")


def test_a_promise_is_never_approved(treum: Treum) -> None:
    with treum.connect("content-intelligence") as content:
        text = draft(content, "The best fund: Guaranteed returns, and you should buy today.")
        found = content.execute(
            "SELECT rule_id, severity, passage FROM content_compliance.screen(%s) ORDER BY 1", (text,)
        ).fetchall()
        assert found == [
            ("advice", "block", "you should buy"),
            ("promise", "block", "Guaranteed"),
            ("superlative", "warn", "best fund"),
        ]
        content.execute("INSERT INTO content_compliance.review (draft_id, author) VALUES (%s, 'ada')", (text,))
        with pytest.raises(psycopg.errors.CheckViolation, match="advice, promise"):
            content.execute(VERDICT, ("approved", "ben", "", text))
        # a warning is for the reviewer to weigh
        mild = draft(content, "Is this the best fund? Nobody knows.")
        content.execute("INSERT INTO content_compliance.review (draft_id, author) VALUES (%s, 'ada')", (mild,))
        content.execute(VERDICT, ("approved", "ben", "", mild))


def test_a_text_and_a_released_prompt_never_change(treum: Treum) -> None:
    with treum.connect("content-intelligence") as content:
        text = draft(content)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            content.execute("UPDATE generation.draft SET body = 'Other' WHERE draft_id = %s", (text,))
        number = prompt(content)
        assert one(content, "SELECT content_intelligence.add_version(%s, 'Explain better', 'ben')", number) == 2
        version = "content_intelligence.template_version"
        content.execute(
            f"UPDATE {version} SET prompt = 'Explain best' WHERE template_id = %s AND version = 2".encode(), (number,)
        )
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            content.execute(
                f"UPDATE {version} SET prompt = 'x' WHERE template_id = %s AND version = 1".encode(), (number,)
            )
        content.execute("SELECT content_intelligence.activate(%s, 2)", (number,))
        states = f"SELECT version, state FROM {version} WHERE template_id = %s ORDER BY version".encode()
        assert content.execute(states, (number,)).fetchall() == [(1, "retired"), (2, "active")]
        with pytest.raises(psycopg.errors.UniqueViolation):
            content.execute(f"UPDATE {version} SET state = 'active' WHERE template_id = %s".encode(), (number,))
        # back to what worked
        content.execute("SELECT content_intelligence.activate(%s, 1)", (number,))
        assert content.execute(states, (number,)).fetchall() == [(1, "active"), (2, "retired")]
        with pytest.raises(psycopg.errors.NoDataFound):
            content.execute("SELECT content_intelligence.activate(%s, 9)", (number,))
        assert content.execute(states, (number,)).fetchall() == [(1, "active"), (2, "retired")]
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            content.execute(f"DELETE FROM {version} WHERE template_id = %s".encode(), (number,))
