"""TREUM's users and its school: logins that are guessed at, a trail that stays, courses that are found and finished."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from conftest import Treum


def attempt(treum: Treum, email: str, right: bool, source: str = "192.0.2.1") -> str:
    with treum.connect("users") as users:
        (said,) = users.execute("SELECT users.log_in(%s, %s, %s)", (email, source, right)).fetchone() or ("",)
        return str(said)


def test_five_failures_lock_an_account_and_time_opens_it(treum: Treum) -> None:
    account = treum.account("Locked@example.org")
    assert [attempt(treum, "locked@EXAMPLE.org", False) for _ in range(5)] == ["wrong"] * 5
    assert attempt(treum, "locked@example.org", True) == "locked"
    assert attempt(treum, "locked@example.org", False) == "locked"
    with treum.connect("users") as users:
        users.execute("UPDATE users.account SET locked_until = clock_timestamp() WHERE account_id = %s", (account,))
    assert attempt(treum, "locked@example.org", True) == "ok"
    # the count starts anew
    assert [attempt(treum, "locked@example.org", False) for _ in range(4)] == ["wrong"] * 4
    assert attempt(treum, "locked@example.org", True) == "ok"


def test_guesses_side_by_side_are_counted_like_guesses_in_a_row(treum: Treum) -> None:
    treum.account("parallel@example.org")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: attempt(treum, "parallel@example.org", False), range(24)))
    assert said.count("wrong") == 5
    assert said.count("locked") == 19


def test_an_unknown_address_and_a_closed_account_learn_nothing_more(treum: Treum) -> None:
    account = treum.account("closed@example.org")
    with treum.connect("users") as users:
        users.execute("UPDATE users.account SET status = 'closed' WHERE account_id = %s", (account,))
    assert attempt(treum, "nobody@example.org", True) == "wrong"
    assert attempt(treum, "closed@example.org", True) == "closed"


def test_a_source_that_tries_many_addresses_is_seen(treum: Treum) -> None:
    for number in range(12):
        attempt(treum, f"stuffed{number}@example.org", False, "198.51.100.9")
    for _ in range(9):
        attempt(treum, "clumsy@example.org", False, "198.51.100.10")
    with treum.connect("users") as users:
        seen = users.execute(
            "SELECT host(source), failures, addresses FROM users.suspicious_source WHERE source << '198.51.100.0/24'"
        ).fetchall()
    assert seen == [("198.51.100.9", 12, 12)]


def test_a_token_opens_one_session(treum: Treum) -> None:
    account = treum.account("session@example.org")
    token = hashlib.sha256(b"token").digest()
    opened = "SELECT users.open_session(%s, %s, '192.0.2.1', interval '1 hour')"
    with treum.connect("users") as users:
        assert users.execute(opened, (account, token)).fetchone() != (None,)
        with pytest.raises(psycopg.errors.ExclusionViolation):
            users.execute(opened, (account, token))
        users.execute("UPDATE users.account SET status = 'suspended' WHERE account_id = %s", (account,))
        assert users.execute(opened, (account, hashlib.sha256(b"other").digest())).fetchone() == (None,)


def test_a_password_that_is_no_hash_is_refused(treum: Treum) -> None:
    with treum.connect("users") as users, pytest.raises(psycopg.errors.CheckViolation):
        users.execute("INSERT INTO users.account (email, password_hash) VALUES ('clear@example.org', 'hunter2')")


def test_the_trail_names_what_changed_and_hides_what_is_secret(treum: Treum) -> None:
    account = treum.account("trail@example.org")
    with treum.connect("users") as users:
        users.execute(
            "UPDATE users.account SET password_hash = '$argon2id$new', status = 'suspended' WHERE account_id = %s",
            (account,),
        )
        # a change of nothing is no event
        users.execute("UPDATE users.account SET status = 'suspended' WHERE account_id = %s", (account,))
        seen = users.execute(
            "SELECT action, detail, actor FROM audit.event WHERE account_id = %s ORDER BY occurred_at", (account,)
        ).fetchall()
    assert [action for action, _, _ in seen] == ["account insert", "account update"]
    assert seen[1][1] == {"password_hash": "(hidden)", "status": "suspended"}
    assert seen[1][2] == "treum_users_app"
    assert "trail@example.org" not in str(seen)


@pytest.mark.parametrize(
    "change", ["UPDATE audit.event SET actor = 'me'", "DELETE FROM audit.event", "TRUNCATE audit.event"]
)
def test_the_application_cannot_rewrite_the_trail(change: str, treum: Treum) -> None:
    treum.account(f"{change.split()[0].lower()}@example.org")
    with treum.connect("users") as users, pytest.raises(psycopg.errors.InsufficientPrivilege):
        users.execute(change.encode())


def test_the_owner_may_let_the_trail_expire(treum: Treum) -> None:
    with psycopg.connect(treum.platform.url("users", "owner"), autocommit=True) as owner:
        owner.execute("INSERT INTO audit.event (occurred_at, action) VALUES ('2000-01-01', 'ancient')")
        assert owner.execute("DELETE FROM audit.event WHERE occurred_at < '2001-01-01'").rowcount == 1


def test_an_erased_person_is_gone_and_what_refers_to_it_stays(treum: Treum) -> None:
    account = treum.account("forgotten@example.org")
    with treum.connect("users") as users:
        users.execute("CALL users.erase(%s)", (account,))
        assert users.execute(
            "SELECT status, email, (SELECT count(*) FROM users.profile WHERE account_id = a.account_id)"
            " FROM users.account AS a WHERE account_id = %s",
            (account,),
        ).fetchall() == [("closed", f"{account}@erased.invalid", 0)]
        rest = users.execute("SELECT detail::text FROM audit.event WHERE account_id = %s", (account,)).fetchall()
    assert rest
    assert "forgotten" not in str(rest)


@pytest.fixture
def school(treum: Treum) -> dict[str, int]:
    """Five courses of two lessons each, one of them not published; numbers by slug."""
    courses = {
        "options": ("Trading options", "Puts, calls and their greeks", True),
        "var": ("Value at risk", "Measuring what a portfolio can lose", True),
        "crypto": ("Cryptocurrencies", "Assets of high risk and their custody", True),
        "tax": ("Taxes for traders", "What is owed and when", True),
        "hidden": ("Secret options", "Not ready", False),
    }
    made: dict[str, int] = {}
    with treum.connect("education") as education:
        education.execute("DELETE FROM education.enrolment")
        education.execute("DELETE FROM education_content.course")
        for slug, (title, summary, published) in courses.items():
            (number,) = education.execute(
                "INSERT INTO education_content.course (slug, title, summary, topic, level, published)"
                " VALUES (%s, %s, %s, 'risk', 1, %s) RETURNING course_id",
                (slug, title, summary, published),
            ).fetchone() or (0,)
            assert isinstance(number, int)
            made[slug] = number
            for lesson in (1, 2):
                education.execute(
                    "INSERT INTO education_content.lesson (course_id, number, title, body, minutes)"
                    " VALUES (%s, %s, %s, %s, 10)",
                    (
                        number,
                        lesson,
                        f"Lesson {lesson}",
                        "How volatility moves a price" if slug == "options" else "Text",
                    ),
                )
    return made


def search(treum: Treum, words: str) -> list[str]:
    with treum.connect("education") as education:
        return [
            str(title) for (title,) in education.execute("SELECT title FROM education_content.search(%s)", (words,))
        ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("option", ["Trading options"]),  # the stem is enough
        ("risk", ["Value at risk", "Cryptocurrencies"]),  # the title weighs more than the summary
        ("risk -custody", ["Value at risk"]),
        ('"value at risk"', ["Value at risk"]),
        ("volatile", ["Trading options"]),  # in a lesson
        ("optons", ["Trading options"]),  # misspelt
        ("zzzzzz", []),
    ],
)
def test_courses_are_found(words: str, found: list[str], treum: Treum, school: dict[str, int]) -> None:
    assert search(treum, words) == found


def test_the_last_lesson_completes_a_course(treum: Treum, school: dict[str, int]) -> None:
    account = treum.account("learner@example.org")
    with treum.connect("education") as education:
        lessons = [
            number
            for (number,) in education.execute(
                "SELECT lesson_id FROM education_content.lesson WHERE course_id = %s ORDER BY number", (school["var"],)
            )
        ]
        advance = "SELECT education_progress.advance(%s, %s, %s)"
        assert education.execute(advance, (account, lessons[0], 1)).fetchone() == (False,)
        assert education.execute(advance, (account, lessons[1], "0.5")).fetchone() == (False,)
        # going back does not undo what was seen
        assert education.execute(advance, (account, lessons[0], "0.2")).fetchone() == (False,)
        assert education.execute(advance, (account, lessons[1], 1)).fetchone() == (True,)
        assert education.execute(advance, (account, lessons[1], 1)).fetchone() == (False,)
        with pytest.raises(psycopg.errors.CheckViolation):
            education.execute(advance, (account, lessons[1], 2))


def test_what_others_took_as_well_is_recommended(treum: Treum, school: dict[str, int]) -> None:
    taken = {
        "ann": ["options", "var"],
        "bob": ["options", "var", "hidden"],
        "cid": ["options", "tax"],
        "dan": ["options"],
    }
    people = {name: treum.account(f"{name}@school.example.org") for name in taken}
    with treum.connect("education") as education:
        for name, slugs in taken.items():
            for slug in slugs:
                education.execute(
                    "INSERT INTO education.enrolment (account_id, course_id) VALUES (%s, %s)",
                    (people[name], school[slug]),
                )
        education.execute("SELECT education_progress.refresh()")
        asked = education.execute(
            "SELECT title, round(score::numeric, 4) FROM education.recommend(%s)", (people["dan"],)
        ).fetchall()
        (rate,) = education.execute(
            "SELECT completion_rate FROM education_progress.course_statistics WHERE course_id = %s",
            (school["options"],),
        ).fetchone() or (None,)
    # likeness is the share of common learners: 2 of sqrt(4 * 2), 1 of sqrt(4 * 1)
    assert [(title, float(str(score))) for title, score in asked] == [
        ("Value at risk", 0.7071),
        ("Taxes for traders", 0.5),
    ]
    assert rate == 0
