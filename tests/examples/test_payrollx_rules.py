"""What PayrollX promises about money and people: tried by the services' own logins, with the rule and without it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from support.clusters import VERSIONS
from support.rules import Logins, Rule, failures, goes_through_without, guards, is_refused, logins

pytestmark = pytest.mark.xdist_group("payrollx-rules")

ORG = "00000000-0000-0000-0000-00000000000a"
ANN = "00000000-0000-0000-0000-0000000000a1"
BOB = "00000000-0000-0000-0000-0000000000b1"
RUN = "00000000-0000-0000-0000-000000000001"
ITEM = "00000000-0000-0000-0000-000000000011"
HASH = "'\\x" + "ab" * 32 + "'"
OTHER = "'\\x" + "cd" * 32 + "'"

SCHEDULE = (
    "INSERT INTO payroll.payroll_schedules (organization_id, frequency, active_during, next_run_on)"
    f" VALUES ('{ORG}', 'monthly', '[2026-01-01,)', '2026-01-31')"
)


def draft(
    run: str = RUN, first: str = "2026-01-01", last: str = "2026-01-31", kind: str = "regular", pay: str | None = None
) -> str:
    return (
        "INSERT INTO payroll.payroll_runs"
        " (id, organization_id, schedule_id, kind, period_start, period_end, pay_date, currency, created_by)"
        f" SELECT '{run}', '{ORG}', id, '{kind}', '{first}', '{last}', '{pay or last}', 'EUR', '{ANN}'"
        " FROM payroll.payroll_schedules"
    )


def item(base: str = "3000.00", tax: str = "600.00", run: str = RUN, employee: str = BOB, **more: str) -> str:
    names = "".join(f", {name}" for name in more)
    values = "".join(f", {value}" for value in more.values())
    return (
        f"INSERT INTO payroll.payroll_items (run_id, employee_id, base_pay, income_tax{names})"
        f" VALUES ('{run}', '{employee}', {base}, {tax}{values})"
    )


def becomes(status: str, run: str = RUN, by: str = BOB) -> str:
    more = f", approved_by = '{by}'" if status == "approved" else ", paid_at = now()" if status == "paid" else ""
    return f"UPDATE payroll.payroll_runs SET status = '{status}'{more} WHERE id = '{run}'"


CALCULATED = (SCHEDULE, draft(), item(), becomes("calculated"))
APPROVED = (*CALCULATED, becomes("approved"))
# what the guard fills in, written by hand and rightly: for trials without the guard
TOTALS = ", approved_at = now(), item_count = 1, gross_total = 3000, deduction_total = 600, net_total = 2400 WHERE"
BY_HAND = (*CALCULATED, becomes("approved").replace(" WHERE", TOTALS))


def user(email: str = "ann@example.com", **more: str) -> str:
    names = "".join(f", {name}" for name in more)
    values = "".join(f", {value}" for value in more.values())
    return (
        f"INSERT INTO auth.users (email, password_hash, first_name, last_name{names})"
        f" VALUES ('{email}', '$argon2id$x', 'A', 'B'{values})"
    )


def token(digest: str = HASH, ends: str = "30 days", family: str = ANN) -> str:
    return (
        "INSERT INTO auth.refresh_tokens (user_id, family_id, token_hash, expires_at)"
        f" SELECT id, '{family}', {digest}, now() + interval '{ends}' FROM auth.users LIMIT 1"
    )


def organization(number: str = "1", country: str = "DE", name: str = "Acme") -> str:
    return (
        "INSERT INTO organization.organizations (id, legal_name, country, registration_number)"
        f" VALUES (gen_random_uuid(), '{name}', '{country}', '{number}')"
    )


def setting(days: str = "[2026-01-01,)", **more: str) -> str:
    values = {"currency": "'EUR'", "income_tax_rate": "0.2", "social_rate": "0.1", **more}
    return (
        f"INSERT INTO organization.organization_settings (organization_id, in_force, {', '.join(values)})"
        f" SELECT id, '{days}', {', '.join(values.values())} FROM organization.organizations LIMIT 1"
    )


def employee(number: str = "E-1", one: str = ANN, **more: str) -> str:
    values = {"email": "'ann@example.com'", "hired_on": "'2026-01-01'", **more}
    return (
        "INSERT INTO employee.employees"
        f" (id, organization_id, employee_number, first_name, last_name, {', '.join(values)})"
        f" VALUES ('{one}', '{ORG}', '{number}', 'A', 'B', {', '.join(values.values())})"
    )


def contract(days: str = "[2026-01-01,)", salary: str = "36000", hours: str = "40", currency: str = "EUR") -> str:
    return (
        "INSERT INTO employee.employment_contracts (employee_id, in_force, yearly_salary, currency, weekly_hours)"
        f" VALUES ('{ANN}', '{days}', {salary}, '{currency}', {hours})"
    )


def document(**more: str) -> str:
    values = {"kind": "'contract'", "storage_key": "'k1'", "sha256": HASH, **more}
    return (
        f"INSERT INTO employee.employee_documents (employee_id, {', '.join(values)})"
        f" VALUES ('{ANN}', {', '.join(values.values())})"
    )


def wallet(one: str = ANN, **more: str) -> str:
    values = {"employee_id": f"'{BOB}'", "currency": "'EUR'", **more}
    return f"INSERT INTO wallet.wallets (id, {', '.join(values)}) VALUES ('{one}', {', '.join(values.values())})"


def entry(amount: str, kind: str = "deposit", key: str = "k", into: str = ANN) -> str:
    # balance_after is set by the trigger; 0 stands there for the tests without it
    return (
        "INSERT INTO wallet.wallet_transactions (wallet_id, amount, kind, idempotency_key, balance_after)"
        f" VALUES ('{into}', {amount}, '{kind}', '{key}', 0)"
    )


def payment(key: str = "p1", **more: str) -> str:
    values = {
        "from_wallet_id": f"'{ANN}'",
        "to_wallet_id": f"'{BOB}'",
        "amount": "10",
        "currency": "'EUR'",
        "idempotency_key": f"'{key}'",
        **more,
    }
    return (
        f"INSERT INTO transaction.transactions (organization_id, {', '.join(values)})"
        f" VALUES ('{ORG}', {', '.join(values.values())})"
    )


def template(**more: str) -> str:
    values = {"code": "'payslip'", "channel": "'email'", "version": "1", "subject": "'s'", "body": "'b'", **more}
    return (
        f"INSERT INTO notification.notification_templates ({', '.join(values)}) VALUES ({', '.join(values.values())})"
    )


def notification(key: str = "n1", **more: str) -> str:
    values = {"dedupe_key": f"'{key}'", **more}
    return (
        f"INSERT INTO notification.notifications (user_id, template_id, {', '.join(values)})"
        f" SELECT '{ANN}', id, {', '.join(values.values())} FROM notification.notification_templates LIMIT 1"
    )


def report(first: str = "2026-01-01", last: str = "2026-01-31", **more: str) -> str:
    values = {"kind": "'wage_tax'", "jurisdiction": "'DE'", "due_on": "'2026-03-10'", **more}
    return (
        f"INSERT INTO compliance.compliance_reports (organization_id, period_start, period_end, {', '.join(values)})"
        f" VALUES ('{ORG}', '{first}', '{last}', {', '.join(values.values())})"
    )


def reported(event: str = "e1", service: str = "payroll", when: str = "now()") -> str:
    return (
        "INSERT INTO compliance.audit_logs (occurred_at, service, event_id, action, actor)"
        f" VALUES ({when}, '{service}', '{event}', 'run approved', 'ann')"
    )


SUBMITTED = "UPDATE compliance.compliance_reports SET status = 'submitted'"
SENT = (payment(), "UPDATE transaction.transactions SET status = 'submitted'")


def checks(service: str, table: str, *rules: tuple[str, str] | tuple[str, str, tuple[str, ...]]) -> list[Rule]:
    """CHECK constraints of one table: (name, statement that breaks it[, what comes before])."""
    return [
        Rule(
            f"{name} of {table}",
            service,
            tried,
            "23514",
            (f"{table}.{name}",),
            given[0] if given else (),
        )
        for name, tried, *given in rules
    ]


RULES = [
    # payroll: periods
    Rule(
        "two regular runs of a schedule cover no day twice",
        "payroll",
        draft(BOB, "2026-01-31", "2026-02-28"),
        "23P01",
        ("payroll.payroll_runs.payroll_runs_one_for_a_period",),
        (SCHEDULE, draft()),
    ),
    Rule(
        "two schedules of one frequency do not overlap",
        "payroll",
        SCHEDULE,
        "23P01",
        ("payroll.payroll_schedules.payroll_schedules_one_at_a_time",),
        (SCHEDULE,),
    ),
    *checks(
        "payroll",
        "payroll.payroll_schedules",
        ("payroll_schedules_frequency_known", SCHEDULE.replace("monthly", "daily")),
        ("payroll_schedules_period_sane", SCHEDULE.replace("[2026-01-01,)", "(,2027-01-01)")),
        ("payroll_schedules_next_run_while_active", SCHEDULE.replace("2026-01-31", "2025-01-31")),
    ),
    *checks(
        "payroll",
        "payroll.payroll_runs",
        ("payroll_runs_kind_known", draft(kind="advance"), (SCHEDULE,)),
        ("payroll_runs_paid_near_their_period", draft(pay="2026-09-01"), (SCHEDULE,)),
        ("payroll_runs_currency_form", draft().replace("EUR", "eur"), (SCHEDULE,)),
        ("payroll_runs_four_eyes", becomes("approved", by=ANN), CALCULATED),
        ("payroll_runs_approved_is_complete", "UPDATE payroll.payroll_runs SET status = 'approved'", CALCULATED),
        ("payroll_runs_paid_has_a_time", "UPDATE payroll.payroll_runs SET status = 'paid'", APPROVED),
    ),
    # payroll: amounts
    Rule(
        "a person is in a run once",
        "payroll",
        item(),
        "23505",
        ("payroll.payroll_items.payroll_items_once_in_a_run",),
        (SCHEDULE, draft(), item()),
    ),
    *checks(
        "payroll",
        "payroll.payroll_items",
        ("payroll_items_net_not_negative", item(base="100", tax="100.01"), (SCHEDULE, draft())),
        ("payroll_items_base_not_negative", item(base="-1", tax="0", bonus_pay="5"), (SCHEDULE, draft())),
        ("payroll_items_overtime_not_negative", item(overtime_pay="-1"), (SCHEDULE, draft())),
        ("payroll_items_bonus_not_negative", item(bonus_pay="-1"), (SCHEDULE, draft())),
        ("payroll_items_tax_not_negative", item(tax="-1"), (SCHEDULE, draft())),
        ("payroll_items_social_not_negative", item(social_security="-1"), (SCHEDULE, draft())),
        ("payroll_items_pension_not_negative", item(pension="-1"), (SCHEDULE, draft())),
        ("payroll_items_other_not_negative", item(other_deductions="-1"), (SCHEDULE, draft())),
    ),
    # payroll: approval
    Rule(
        "an approved run gets no more items",
        "payroll",
        item(employee=ANN),
        "23000",
        ("payroll.payroll_items.payroll_items_guarded",),
        APPROVED,
    ),
    Rule(
        "an item of an approved run does not change",
        "payroll",
        "UPDATE payroll.payroll_items SET bonus_pay = 1",
        "23000",
        ("payroll.payroll_items.payroll_items_guarded",),
        APPROVED,
    ),
    Rule(
        "an item of an approved run stays",
        "payroll",
        "DELETE FROM payroll.payroll_items",
        "23000",
        ("payroll.payroll_items.payroll_items_guarded",),
        APPROVED,
    ),
    Rule(
        "an approved run does not change its pay date",
        "payroll",
        "UPDATE payroll.payroll_runs SET pay_date = '2026-01-30'",
        "23000",
        ("payroll.payroll_runs.payroll_runs_guarded",),
        BY_HAND,
    ),
    Rule(
        "a paid run does not become a draft",
        "payroll",
        "UPDATE payroll.payroll_runs SET status = 'draft', approved_by = NULL, approved_at = NULL, paid_at = NULL,"
        " item_count = NULL, gross_total = NULL, deduction_total = NULL, net_total = NULL",
        "23000",
        ("payroll.payroll_runs.payroll_runs_guarded",),
        (*BY_HAND, becomes("paid")),
    ),
    # people
    *checks(
        "employee",
        "employee.employees",
        ("employees_number_form", employee("e 1")),
        ("employees_email_valid", employee(email="'ann'")),
        ("employees_leave_after_they_came", employee(left_on="'2025-12-31'")),
    ),
    Rule(
        "a number is given once",
        "employee",
        employee(one=BOB),
        "23505",
        ("employee.employees.employees_number_key",),
        (employee(),),
    ),
    Rule(
        "a login belongs to one person",
        "employee",
        employee("E-2", BOB, user_id=f"'{ORG}'"),
        "23505",
        ("employee.employees.employees_user_key",),
        (employee(user_id=f"'{ORG}'"),),
    ),
    Rule(
        "a person has one contract on a day",
        "employee",
        contract("[2026-12-31,)"),
        "23P01",
        ("employee.employment_contracts.employment_contracts_one_a_day",),
        (employee(), contract("[2026-01-01,2027-01-01)")),
    ),
    *checks(
        "employee",
        "employee.employment_contracts",
        ("employment_contracts_period_sane", contract("empty"), (employee(),)),
        ("employment_contracts_salary_positive", contract(salary="0"), (employee(),)),
        ("employment_contracts_currency_form", contract(currency="eur"), (employee(),)),
        ("employment_contracts_hours_sane", contract(hours="61"), (employee(),)),
    ),
    *checks(
        "employee",
        "employee.employee_documents",
        ("employee_documents_kind_known", document(kind="'selfie'"), (employee(),)),
        ("employee_documents_hash_length", document(sha256="'\\xab'"), (employee(),)),
        ("employee_documents_verified_by_somebody", document(verified_at="now()"), (employee(),)),
        ("employee_documents_permit_ends", document(kind="'work_permit'"), (employee(),)),
    ),
    Rule(
        "a document is kept once",
        "employee",
        document(),
        "23505",
        ("employee.employee_documents.employee_documents_storage_key",),
        (employee(), document()),
    ),
    # organizations
    Rule(
        "a registration is one organization",
        "org",
        organization(),
        "23505",
        ("organization.organizations.organizations_registration_key",),
        (organization(),),
    ),
    *checks(
        "org",
        "organization.organizations",
        ("organizations_name_sane", organization(name="")),
        ("organizations_country_form", organization(country="de")),
        ("organizations_status_known", "UPDATE organization.organizations SET status = 'x'", (organization(),)),
    ),
    Rule(
        "settings of two periods do not overlap",
        "org",
        setting("[2026-06-01,)"),
        "23P01",
        ("organization.organization_settings.organization_settings_one_a_day",),
        (organization(), setting()),
    ),
    *checks(
        "org",
        "organization.organization_settings",
        ("organization_settings_period_sane", setting("(,2026-01-01)"), (organization(),)),
        ("organization_settings_currency_form", setting(currency="'eur'"), (organization(),)),
        ("organization_settings_frequency_known", setting(pay_frequency="'daily'"), (organization(),)),
        ("organization_settings_tax_is_a_share", setting(income_tax_rate="-0.1"), (organization(),)),
        ("organization_settings_social_is_a_share", setting(social_rate="-0.1"), (organization(),)),
        ("organization_settings_approvals_sane", setting(approvals_required="0"), (organization(),)),
        (
            "organization_settings_leave_something",
            setting(income_tax_rate="0.6", social_rate="0.4"),
            (organization(),),
        ),
    ),
    # wallets
    *checks(
        "wallet",
        "wallet.wallets",
        ("wallets_currency_form", wallet(currency="'eur'")),
        ("wallets_have_one_holder", wallet(organization_id=f"'{ORG}'")),
        ("wallets_people_have_no_overdraft", wallet(overdraft="1")),
        (
            "wallets_overdraft_not_negative",
            "UPDATE wallet.wallets SET overdraft = -1",
            (wallet(employee_id="NULL", organization_id=f"'{ORG}'"), entry("5")),
        ),
        ("wallets_status_known", wallet(status="'x'")),
        ("wallets_never_overdrawn", entry("-5.01", "payout", "k2"), (wallet(), entry("5"))),
        ("wallets_closed_empty", "UPDATE wallet.wallets SET status = 'closed'", (wallet(), entry("5"))),
    ),
    Rule(
        "a person has one wallet of a currency",
        "wallet",
        wallet(BOB),
        "23505",
        ("wallet.wallets.wallets_employee_key",),
        (wallet(),),
    ),
    Rule(
        "an organization has one wallet of a currency",
        "wallet",
        wallet(BOB, employee_id="NULL", organization_id=f"'{ORG}'"),
        "23505",
        ("wallet.wallets.wallets_organization_key",),
        (wallet(employee_id="NULL", organization_id=f"'{ORG}'"),),
    ),
    Rule(
        "no login writes a balance",
        "wallet",
        "UPDATE wallet.wallets SET balance = 1000000",
        "42501",
        ("wallet.wallets.wallets_balance_protected",),
        (wallet(),),
    ),
    Rule(
        "the same cause moves money once",
        "wallet",
        entry("5"),
        "23505",
        ("wallet.wallet_transactions.wallet_transactions_idempotency_key",),
        (wallet(), entry("5")),
    ),
    Rule(
        "a frozen wallet takes no entry",
        "wallet",
        entry("5"),
        "23514",
        ("wallet.wallet_transactions.wallet_transactions_booked",),
        (wallet(), "UPDATE wallet.wallets SET status = 'frozen'"),
    ),
    Rule(
        "an entry is never changed",
        "wallet",
        "UPDATE wallet.wallet_transactions SET amount = 6",
        "23000",
        ("wallet.wallet_transactions.wallet_transactions_final",),
        (wallet(), entry("5")),
    ),
    *checks(
        "wallet",
        "wallet.wallet_transactions",
        ("wallet_transactions_amount_not_zero", entry("0", "reversal"), (wallet(),)),
        ("wallet_transactions_kind_known", entry("5", "gift"), (wallet(),)),
        ("wallet_transactions_signed_as_their_kind", entry("5", "payout"), (wallet(),)),
    ),
    # transactions
    Rule(
        "a payroll item is paid once",
        "transaction",
        payment("p2", payroll_item_id=f"'{ITEM}'"),
        "23505",
        ("transaction.transactions.transactions_item_key",),
        (payment(payroll_item_id=f"'{ITEM}'"),),
    ),
    Rule(
        "the same order to pay is kept once",
        "transaction",
        payment(),
        "23505",
        ("transaction.transactions.transactions_idempotency_key",),
        (payment(),),
    ),
    Rule(
        "a pending transaction is not settled before it is sent",
        "transaction",
        "UPDATE transaction.transactions SET status = 'settled', settled_at = now()",
        "23000",
        ("transaction.transactions.transactions_guarded",),
        (payment(),),
    ),
    Rule(
        "an amount that was ordered does not change",
        "transaction",
        "UPDATE transaction.transactions SET amount = 11",
        "23000",
        ("transaction.transactions.transactions_guarded",),
        (payment(),),
    ),
    Rule(
        "no login forges a log row",
        "transaction",
        "INSERT INTO transaction.transaction_logs (transaction_id, new_status, attempts)"
        " SELECT id, 'settled', 0 FROM transaction.transactions",
        "42501",
        ("transaction.transaction_logs.transaction_logs_protected",),
        (payment(),),
    ),
    *checks(
        "transaction",
        "transaction.transactions",
        ("transactions_amount_positive", payment(amount="0")),
        ("transactions_currency_form", payment(currency="'eur'")),
        ("transactions_attempts_bounded", payment(attempts="21")),
        ("transactions_between_two_wallets", payment(to_wallet_id=f"'{ANN}'")),
        ("transactions_settled_has_a_time", "UPDATE transaction.transactions SET status = 'settled'", SENT),
        ("transactions_failed_says_why", "UPDATE transaction.transactions SET status = 'failed'", SENT),
    ),
    # notifications
    Rule(
        "one current version of a text",
        "notification",
        template(version="2"),
        "23505",
        ("notification.notification_templates.notification_templates_current_key",),
        (template(),),
    ),
    Rule(
        "a version is written once",
        "notification",
        template(),
        "23505",
        ("notification.notification_templates.notification_templates_version_key",),
        (template(retired_at="now()"),),
    ),
    Rule(
        "an event tells a person once",
        "notification",
        notification(),
        "23505",
        ("notification.notifications.notifications_dedupe_key",),
        (template(), notification()),
    ),
    *checks(
        "notification",
        "notification.notification_templates",
        ("notification_templates_code_form", template(code="'Pay Slip'")),
        ("notification_templates_channel_known", template(channel="'fax'")),
        ("notification_templates_locale_form", template(locale="'EN'")),
        ("notification_templates_counted_from_one", template(version="0")),
        ("notification_templates_email_has_a_subject", template(subject="NULL")),
    ),
    *checks(
        "notification",
        "notification.notifications",
        ("notifications_variables_object", notification(variables="'[]'"), (template(),)),
        ("notifications_status_known", notification(status="'x'"), (template(),)),
        ("notifications_attempts_bounded", notification(attempts="11"), (template(),)),
        ("notifications_sent_has_a_time", notification(status="'sent'"), (template(),)),
        (
            "notifications_read_after_sent",
            notification(status="'sent'", sent_at="now()", read_at="now() - interval '1 hour'"),
            (template(),),
        ),
    ),
    # logins
    Rule(
        "an address is one user whatever its case",
        "auth",
        user("ANN@example.com"),
        "23505",
        ("auth.users.users_email_key",),
        (user(),),
    ),
    Rule(
        "a token is kept once",
        "auth",
        token(family=BOB),
        "23505",
        ("auth.refresh_tokens.refresh_tokens_hash_key",),
        (user(), token()),
    ),
    Rule(
        "a family has one token that works",
        "auth",
        token(OTHER),
        "23505",
        ("auth.refresh_tokens.refresh_tokens_head_key",),
        (user(), token()),
    ),
    *checks(
        "auth",
        "auth.users",
        ("users_email_valid", user("ann")),
        ("users_password_is_a_hash", user().replace("$argon2id$x", "hunter2")),
        ("users_role_known", user(role="'ROOT'", organization_id=f"'{ORG}'")),
        ("users_belong_somewhere", user(role="'MANAGER'")),
    ),
    *checks(
        "auth",
        "auth.refresh_tokens",
        ("refresh_tokens_hash_length", token("'\\xab'"), (user(),)),
        ("refresh_tokens_live_at_most_90_days", token(ends="91 days"), (user(),)),
    ),
    Rule(
        "no login forges an audit row",
        "auth",
        "INSERT INTO auth.audit_logs (action) VALUES ('nothing happened')",
        "42501",
        ("auth.audit_logs.audit_logs_protected",),
    ),
    Rule(
        "no login removes an audit row",
        "auth",
        "DELETE FROM auth.audit_logs",
        "42501",
        ("auth.audit_logs.audit_logs_protected",),
        (user(),),
    ),
    # compliance
    Rule(
        "a period is reported once",
        "compliance",
        report("2026-01-15", "2026-02-15"),
        "23P01",
        ("compliance.compliance_reports.compliance_reports_one_for_a_period",),
        (report(),),
    ),
    Rule(
        "a submitted report does not change",
        "compliance",
        "UPDATE compliance.compliance_reports SET content = '{\"wages\": 1}'",
        "23000",
        ("compliance.compliance_reports.compliance_reports_sealed",),
        # without the seal nobody fills in the hash: it is written by hand
        (report(), f"{SUBMITTED}, submitted_at = now(), content_sha256 = {HASH}"),
    ),
    *checks(
        "compliance",
        "compliance.compliance_reports",
        ("compliance_reports_kind_known", report(kind="'x'")),
        ("compliance_reports_jurisdiction_form", report(jurisdiction="'Germany'")),
        ("compliance_reports_due_after_period", report(due_on="'2026-01-31'")),
        (
            "compliance_reports_content_object",
            report(content="'[]'"),
        ),
        ("compliance_reports_submitted_is_sealed", report(submitted_at="now()")),
    ),
    *checks(
        "compliance",
        "compliance.audit_logs",
        ("audit_logs_service_known", reported(service="nobody")),
        ("audit_logs_not_from_the_future", reported(when="now() + interval '1 hour'")),
    ),
    Rule(
        "an event is kept once",
        "compliance",
        reported(),
        "23505",
        ("compliance.audit_logs.audit_logs_event_key",),
        (reported(),),
    ),
    Rule(
        "no login changes what was reported",
        "compliance",
        "UPDATE compliance.audit_logs SET actor = 'bob'",
        "42501",
        ("compliance.audit_logs.audit_logs_append_only",),
        (reported(),),
    ),
]

UNTRIED = {
    "payroll.payroll_runs.payroll_runs_status_known": "the guard refuses every way to another word",
    "payroll.payroll_runs.payroll_runs_period_in_order": "the generated range refuses first",
    "payroll.payroll_runs.payroll_runs_totals_add_up": "the guard writes the totals, and net is computed",
    "transaction.transactions.transactions_status_known": "the guard refuses every way to another word",
    "wallet.wallets.wallets_open_empty": "refuses nothing; see test_a_wallet_opens_empty",
    "transaction.transactions.transactions_logged_new": "refuses nothing; see test_every_change_of_state_is_logged",
    "transaction.transactions.transactions_logged_change": "refuses nothing; see test_every_change_of_state_is_logged",
    "compliance.compliance_reports.compliance_reports_period_in_order": "the generated range refuses first",
    "compliance.compliance_reports.compliance_reports_status_known": "the seal refuses every way to another word",
}
SERVICES = ("auth", "org", "employee", "wallet", "payroll", "transaction", "notification", "compliance")


# a database for each service: references into other services are no keys there, and rows need no relatives
@pytest.fixture(scope="module", params=VERSIONS, ids=[f"pg{version}" for version in VERSIONS])
def payrollx(request: pytest.FixtureRequest) -> Iterator[Logins]:
    with logins("payrollx", "database-per-service", request.param) as found:
        yield found


def test_each_rule_refuses(payrollx: Logins) -> None:
    assert failures(RULES, lambda rule: is_refused(payrollx, rule)) == []


def test_each_rule_is_what_refuses(payrollx: Logins) -> None:
    assert failures(RULES, lambda rule: goes_through_without(payrollx, rule)) == []


def test_no_rule_is_without_a_trial(payrollx: Logins) -> None:
    there: set[str] = set()
    for service in SERVICES:
        with payrollx.admin(service) as connection:
            there |= guards(connection)
    tried = {guard for rule in RULES for guard in rule.guards}
    assert there - tried - set(UNTRIED) == set()
    assert set(UNTRIED) <= there


def test_net_is_gross_less_deductions_and_cannot_be_written(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as connection:
        for statement in (SCHEDULE, draft(), item("3000.10", "600.03", bonus_pay="250.55", pension="99.99")):
            connection.execute(statement.encode())
        found = connection.execute("SELECT gross_pay, deductions, net_pay FROM payroll.payroll_items").fetchone()
        assert found == (Decimal("3250.65"), Decimal("700.02"), Decimal("2550.63"))
        with pytest.raises(psycopg.errors.GeneratedAlways):
            connection.execute("UPDATE payroll.payroll_items SET net_pay = 9999")


def test_an_approval_sums_the_items_whatever_the_caller_says(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as connection:
        for statement in (SCHEDULE, draft(), item(), item("100", "1", employee=ANN), becomes("calculated")):
            connection.execute(statement.encode())
        forged = becomes("approved").replace(" WHERE", ", net_total = 1, gross_total = 1, item_count = 7 WHERE")
        connection.execute(forged.encode())
        found = connection.execute(
            "SELECT item_count, gross_total, deduction_total, net_total, approved_at IS NOT NULL"
            " FROM payroll.payroll_runs"
        ).fetchone()
        assert found == (2, Decimal("3100.00"), Decimal("601.00"), Decimal("2499.00"), True)


def test_a_run_without_items_is_not_approved(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as connection:
        for statement in (SCHEDULE, draft(), becomes("calculated")):
            connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.CheckViolation, match="has no items"):
            connection.execute(becomes("approved").encode())


def test_other_kinds_and_cancelled_runs_leave_the_period_free(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as connection:
        for statement in (SCHEDULE, draft(), draft(ANN, kind="bonus"), becomes("cancelled"), draft(BOB)):
            connection.execute(statement.encode())
        found = connection.execute("SELECT count(*) FROM payroll.payroll_runs WHERE status = 'draft'").fetchone()
        assert found == (2,)


def test_an_item_waits_for_an_approval_under_way_and_is_then_refused(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as one, payrollx.trial("payroll") as two:
        for statement in CALCULATED:
            one.execute(statement.encode())
        one.commit()
        try:
            one.execute(becomes("approved").encode())
            two.execute("SET LOCAL lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                two.execute(item(employee=ANN).encode())
            two.rollback()
            one.commit()
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                two.execute(item(employee=ANN).encode())
        finally:
            one.rollback()
            two.rollback()
            _remove_the_run(payrollx)


def test_an_approval_waits_for_an_item_under_way_and_sums_it(payrollx: Logins) -> None:
    with payrollx.trial("payroll") as one, payrollx.trial("payroll") as two:
        for statement in CALCULATED:
            one.execute(statement.encode())
        one.commit()
        try:
            one.execute(item("100", "0", employee=ANN).encode())
            two.execute("SET LOCAL lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                two.execute(becomes("approved").encode())
            two.rollback()
            one.commit()
            two.execute(becomes("approved").encode())
            assert two.execute("SELECT gross_total FROM payroll.payroll_runs").fetchone() == (Decimal("3100.00"),)
        finally:
            one.rollback()
            two.rollback()
            _remove_the_run(payrollx)


def _remove_the_run(platform: Logins) -> None:
    with psycopg.connect(platform.admin_url("payroll")) as admin:
        # what is approved stays, also for the administrator, until somebody takes the guards away
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM payroll.payroll_items")
        admin.execute("DELETE FROM payroll.payroll_runs")
        admin.execute("DELETE FROM payroll.payroll_schedules")


def test_a_wallet_opens_empty_and_follows_its_entries(payrollx: Logins) -> None:
    with payrollx.trial("wallet") as connection:
        connection.execute(wallet(balance="1000000").encode())
        assert connection.execute("SELECT balance FROM wallet.wallets").fetchone() == (Decimal("0.00"),)
        for number, (amount, kind) in enumerate((("100", "deposit"), ("-30.5", "payout"), ("-1", "fee"))):
            connection.execute(entry(amount, kind, f"k{number}").encode())
        found = connection.execute(
            "SELECT amount, balance_after FROM wallet.wallet_transactions ORDER BY id"
        ).fetchall()
        assert [after for _, after in found] == [Decimal("100.00"), Decimal("69.50"), Decimal("68.50")]
        assert connection.execute("SELECT balance, row_version FROM wallet.wallets").fetchone() == (Decimal("68.50"), 4)


def test_every_change_of_state_is_logged(payrollx: Logins) -> None:
    with payrollx.trial("transaction") as connection:
        for statement in (
            payment(),
            "SELECT transaction.take_due(10)",
            "UPDATE transaction.transactions SET due_at = now()",
            "UPDATE transaction.transactions SET status = 'failed', failure = 'bank closed'",
        ):
            connection.execute(statement.encode())
        found = connection.execute(
            "SELECT old_status, new_status, attempts, failure, actor FROM transaction.transaction_logs ORDER BY id"
        ).fetchall()
        who = payrollx.user("transaction")
        assert found == [
            (None, "pending", 0, None, who),
            ("pending", "submitted", 1, None, who),
            ("submitted", "failed", 1, "bank closed", who),
        ]
        # and after a failure the item may be paid again
        connection.execute(payment("p2", payroll_item_id=f"'{ITEM}'").encode())


def test_two_workers_take_different_payments(payrollx: Logins) -> None:
    with payrollx.trial("transaction") as one, payrollx.trial("transaction") as two:
        for number in range(6):
            one.execute(payment(f"w{number}").encode())
        one.commit()
        try:
            first = {key for (key,) in one.execute("SELECT id FROM transaction.take_due(4)").fetchall()}
            two.execute("SET LOCAL lock_timeout = '100ms'")
            second = {key for (key,) in two.execute("SELECT id FROM transaction.take_due(4)").fetchall()}
            assert (len(first), len(second)) == (4, 2)
            assert not first & second
        finally:
            one.rollback()
            two.rollback()
            with psycopg.connect(payrollx.admin_url("transaction")) as admin:
                admin.execute("TRUNCATE transaction.transactions, transaction.transaction_logs")


def test_a_token_that_is_used_twice_ends_its_family(payrollx: Logins) -> None:
    with payrollx.trial("auth") as connection:
        connection.execute(user().encode())
        connection.execute(token().encode())
        use = "SELECT auth.use_token({}, {}) IS NOT NULL"
        third = "'\\x" + "ef" * 32 + "'"
        assert connection.execute(use.format(HASH, OTHER).encode()).fetchone() == (True,)
        assert connection.execute(use.format(HASH, third).encode()).fetchone() == (False,)
        # the thief's token and the owner's are dead alike
        assert connection.execute(use.format(OTHER, third).encode()).fetchone() == (False,)
        found = connection.execute("SELECT action FROM auth.audit_logs ORDER BY id").fetchall()
        assert found == [("user insert",), ("token revoked",), ("token revoked",)]


def test_the_trail_of_a_user_says_what_changed_and_no_name(payrollx: Logins) -> None:
    with payrollx.trial("auth") as connection:
        connection.execute(user().encode())
        connection.execute("SET LOCAL app.actor = 'ann'")
        connection.execute("UPDATE auth.users SET last_name = 'Secret', active = false")
        connection.execute("UPDATE auth.users SET active = false")
        found = connection.execute("SELECT action, detail, on_behalf_of FROM auth.audit_logs ORDER BY id").fetchall()
        assert found == [
            ("user insert", {}, None),
            ("user update", {"active": False, "last_name": None}, "ann"),
        ]


def test_a_submitted_report_bears_the_hash_of_its_content(payrollx: Logins) -> None:
    with payrollx.trial("compliance") as connection:
        connection.execute(report(content="'{\"wages\": 12}'").encode())
        connection.execute(SUBMITTED.encode())
        found = connection.execute(
            "SELECT content_sha256 = sha256(convert_to(content::text, 'UTF8')), submitted_at IS NOT NULL"
            " FROM compliance.compliance_reports"
        ).fetchone()
        assert found == (True, True)


def test_the_owner_role_may_clear_out_old_audit_rows(payrollx: Logins) -> None:
    with payrollx.admin("auth") as admin:
        admin.execute(user().encode())
        admin.execute("SET LOCAL ROLE payrollx_auth_owner")
        assert admin.execute("DELETE FROM auth.audit_logs").rowcount == 1
