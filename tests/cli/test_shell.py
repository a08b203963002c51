"""The command line before it touches any server: help, exit codes, errors, secrets, hostile text."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from freehold.cli import main as cli
from freehold.cli.documents import DOCUMENTS
from freehold.cli.out import printable
from freehold.cli.progress import progress_line
from freehold.cli.redact import hide, redacted
from support.command import Desk

COMMANDS = [name for section in cli.SECTIONS.values() for name in section]
HELP_CPU_MS = 90


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_as_the_overview_does(name: str, bench: Desk) -> None:
    said = bench.run(name, "--help")
    summary = next(section[name] for section in cli.SECTIONS.values() if name in section)
    assert said.status == 0
    assert summary in re.sub(r"\s+", " ", said.out)
    assert "--json" in said.out


def test_every_file_of_commands_is_listed_and_every_listed_command_has_a_file() -> None:
    files = {path.stem for path in (Path(cli.__file__).parent / "commands").glob("*.py") if path.stem != "__init__"}
    assert files == {name.replace("-", "_") for name in COMMANDS}
    assert set(DOCUMENTS) == set(COMMANDS)


def test_every_option_is_explained() -> None:
    context = click.Context(cli.freehold)
    for name in COMMANDS:
        command = cli.freehold.get_command(context, name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts}"
                assert option.help.endswith("."), f"{name} {option.opts}: {option.help}"


def test_help_imports_no_command_and_no_driver() -> None:
    heavy = ("rich", "pydantic", "psycopg", "yaml", "freehold.cli.commands", "freehold.spec")
    script = (
        "import sys; from freehold.cli.main import freehold\n"
        "freehold.main(['--help'], standalone_mode=False)\n"
        "print(sorted(m for m in sys.modules if m.startswith(tuple(sys.argv[1:]))), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *heavy], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_is_quick() -> None:
    best = min(_cpu_ms([sys.executable, "-m", "freehold", "--help"]) for _ in range(5))
    assert best <= HELP_CPU_MS


def _cpu_ms(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def test_an_unknown_command_suggests_the_nearest(bench: Desk) -> None:
    said = bench.run("aply")
    assert said.status == 1
    assert 'there is no command "aply"' in said.err
    assert 'Did you mean "apply"?' in said.err


def test_a_wrong_option_is_an_error_and_not_pending_changes(bench: Desk) -> None:
    assert bench.run("plan", "--no-such-option").status == 1


def test_no_arguments_shows_help(bench: Desk) -> None:
    said = bench.run()
    assert said.status == 1
    assert "freehold [OPTIONS] COMMAND" in said.all


def test_the_version_is_told(bench: Desk) -> None:
    assert re.fullmatch(r"freehold, version \d+\.\d+\.\d+\n", bench.run("--version").out)


WITHOUT = ("init", "schema", "doctor", "url", "discover", "archive", "export")
"""Commands that say something without a declaration, or answer with a text that is no document."""


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in WITHOUT])
def test_a_missing_declaration_is_told_with_what_to_do(command: str, bench: Desk) -> None:
    said = bench.run(command, "--json")
    assert said.status == 1
    document = said.document()
    assert document["ok"] is False
    assert document["command"] == command
    assert "freehold init" in str(document["error"])


def test_an_empty_declaration_is_an_error(bench: Desk) -> None:
    (bench.folder / "freehold.yaml").write_text("")
    said = bench.run("validate")
    assert said.status == 1
    assert "freehold.yaml:1:1:" in said.err


def test_a_complaint_carries_place_text_and_advice(bench: Desk) -> None:
    (bench.folder / "freehold.yaml").write_text("platform: shop\nservices:\n  orders:\n    schemes: [orders]\n")
    said = bench.run("validate", "--json")
    assert said.status == 1
    error = said.document()["error"]
    assert isinstance(error, dict)
    complaint = error["complaints"][0]
    assert (complaint["line"], complaint["column"]) == (4, 5)
    assert "schemas" in complaint["hint"] + complaint["message"]
    assert re.search(r"freehold\.yaml:4:5: ", said.err)


def test_a_migration_that_reaches_into_another_service_is_a_complaint_at_its_line(bench: Desk) -> None:
    text = "platform: shop\nlayout: schema-per-service\nservices:\n  a:\n    migrations: m\n    reads: [b.told]\n"
    text += "  b:\n    publishes: [b.told]\n"
    (bench.folder / "freehold.yaml").write_text(text)
    (bench.folder / "m").mkdir()
    file = bench.folder / "m" / "1.sql"
    file.write_text("create table t (id int);\ncreate view v as\n  select * from b.secret;\n")

    said = bench.run("validate", "--json")

    assert said.status == 1
    error = said.document()["error"]
    assert isinstance(error, dict)
    assert [(c["file"], c["line"], c["code"]) for c in error["complaints"]] == [("m/1.sql", 3, "undeclared_crossing")]
    file.write_text("create view v as\n  select * from b.told;\n")
    assert bench.run("validate").status == 0


def test_the_declaration_is_found_upward_and_the_flag_wins_over_the_environment(bench: Desk) -> None:
    bench.run("init", "--name", "upward")
    deep = bench.folder / "a" / "b"
    deep.mkdir(parents=True)
    assert bench.run("validate", "--json", cwd=deep).document()["platform"] == "upward"
    bench.run("init", "--name", "byenv", "--into", "other")
    bench.run("init", "--name", "byflag", "--into", "third")
    env = {"FREEHOLD_FILE": str(bench.folder / "other" / "freehold.yaml")}
    assert bench.run("validate", "--json", env=env).document()["platform"] == "byenv"
    flagged = bench.run("validate", "--json", "-f", "third/freehold.yaml", env=env)
    assert flagged.document()["platform"] == "byflag"


def test_init_overwrites_nothing(bench: Desk) -> None:
    (bench.folder / "migrations" / "billing").mkdir(parents=True)
    mine = bench.folder / "migrations" / "billing" / "0001_invoices.sql"
    mine.write_text("-- mine")
    said = bench.run("init")
    assert said.status == 1
    assert "exists already" in said.err
    assert mine.read_text() == "-- mine"
    assert not (bench.folder / "freehold.yaml").exists()


def test_init_names_the_examples_there_are(bench: Desk) -> None:
    said = bench.run("init", "--platform", "nobody")
    assert said.status == 1
    assert "starter" in said.err
    assert "treum" in said.err


def test_init_says_when_it_may_not_write(bench: Desk) -> None:
    (bench.folder / "file").write_text("")
    said = bench.run("init", "--into", "file/below")
    assert said.status == 1
    assert "cannot write" in said.err


@pytest.mark.parametrize("example", ["starter", "treum"])
def test_each_example_validates_without_a_complaint(example: str, bench: Desk) -> None:
    assert bench.run("init", "--platform", example).status == 0
    said = bench.run("validate", "--json")
    assert said.status == 0, said.all
    assert said.document()["complaints"] == []


def test_the_schema_accepts_the_examples() -> None:
    import jsonschema
    import yaml

    from freehold.cli.examples import home, names
    from freehold.spec.schema import json_schema

    for name in names():
        document = yaml.safe_load((home() / name / "freehold.yaml").read_text())
        jsonschema.validate(document, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"platform": "x", "services": {"a": {"pool": {"sizes": 3}}}}, json_schema())


def test_a_password_in_the_declaration_is_shown_nowhere(bench: Desk) -> None:
    url = "postgresql://admin:hunter2secret@127.0.0.1:1/postgres"
    (bench.folder / "freehold.yaml").write_text(
        "platform: shop\nserver: ${ADMIN}\nservices: {orders: {schemas: [orders]}}\n"
    )
    for words in (["validate"], ["plan"], ["status"], ["up"], ["url", "orders"], ["diff", "--json"]):
        said = bench.run(*words, env={"ADMIN": url, "FREEHOLD_DEBUG": "1"})
        assert "hunter2secret" not in said.all, words


def test_a_server_that_does_not_answer_is_exit_code_3(bench: Desk) -> None:
    (bench.folder / "freehold.yaml").write_text(
        "platform: shop\nserver: ${ADMIN}\nservices: {orders: {schemas: [orders]}}\n"
    )
    env = {"ADMIN": "postgresql://admin:hunter2secret@127.0.0.1:1/postgres"}
    for words in (["plan"], ["apply", "--yes"], ["prove"], ["status"], ["up"]):
        assert bench.run(*words, env=env).status == 3, words


def test_a_defect_shows_its_place_and_neither_text_nor_traceback() -> None:
    script = (
        "import sys; from freehold.cli import main\nsys.excepthook = main.report_defect\n"
        "def inner(): raise ValueError('topsecret-value')\ninner()"
    )
    environment = {k: v for k, v in os.environ.items() if k != "FREEHOLD_DEBUG"}
    quiet = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert quiet.returncode == 1
    assert "unexpected ValueError in inner" in quiet.stderr
    assert "topsecret" not in quiet.stderr
    assert "Traceback" not in quiet.stderr
    loud = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**environment, "FREEHOLD_DEBUG": "1"},
        check=False,
    )
    assert "Traceback" in loud.stderr


def test_known_secrets_urls_and_verifiers_are_hidden() -> None:
    hide("correct horse battery")
    text = redacted("x correct horse battery postgresql://a:pw%40x@h/d SCRAM-SHA-256$4096:abc$d:e y")
    assert text == "x *** postgresql://a:***@h/d SCRAM-SHA-256$*** y"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("two\nlines", "two\\x0alines"),
        ("\u202eright", "\\u202eright"),
        ("<img src=x onerror=1> [bold]", "<img src=x onerror=1> [bold]"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


def test_names_are_never_read_as_markup() -> None:
    import io

    from freehold.cli.out import Say, Table
    from freehold.cli.terminal import write

    stream = io.StringIO()
    write((Say("[bold red]x[/] :smile:"), Table(("n",), [("[link=file:///]y[/link]",)])), stream)
    assert "[bold red]x[/] :smile:" in stream.getvalue()
    assert "[link=file:///]y[/link]" in stream.getvalue()


def test_progress_tells_rate_and_remaining_time() -> None:
    line = progress_line("applying", "role x", 30, 120, 2.0)
    assert "30/120" in line
    assert "15/s" in line
    assert "6 s left" in line
    assert "0.3/s  48 s left" in progress_line("maintaining", "tick", 3, 17, 10.3)


def test_the_first_sign_of_life_comes_before_anything_heavy(bench: Desk) -> None:
    bench.run("init")
    script = (
        "import sys\n"
        "class Watch:\n"
        "    def write(self, text):\n"
        "        heavy = ('pydantic', 'psycopg', 'rich')\n"
        "        sys.__stderr__.write(repr([m for m in heavy if m in sys.modules]))\n"
        "        raise SystemExit(0)\n"
        "    def flush(self): pass\n"
        "sys.argv = ['freehold', 'validate']\n"
        "import freehold.cli.main as m\n"
        "sys.stderr = Watch()\n"
        "m.freehold.main(['validate'], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=bench.folder,
        capture_output=True,
        text=True,
        env=bench.environment(),
        check=False,
    )
    assert done.stderr == "[]"


def test_schema_prints_json(bench: Desk) -> None:
    assert json.loads(bench.run("schema").out)["type"] == "object"


def test_the_watchdog_of_a_switch_is_offered_to_nobody_and_still_runs(bench: Desk) -> None:
    wrong = bench.run("move", "watchdgo")
    completed = {"_FREEHOLD_COMPLETE": "bash_complete", "COMP_WORDS": "freehold move ", "COMP_CWORD": "2"}
    script = "from freehold.cli.main import freehold; freehold.main(prog_name='freehold')"
    offered = subprocess.run(
        [sys.executable, "-c", script],
        env={**bench.environment(), **completed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.status == 1
    assert "'find'" in wrong.err
    assert "plain,cutover" in offered.stdout
    for text in (wrong.all, bench.run("move", "--help").out, offered.stdout):
        assert "watchdog|" not in text
        assert "|watchdog" not in text
        assert "'watchdog'" not in text
        assert ",watchdog" not in text
    (bench.folder / "freehold.yaml").write_text("platform: shop\nservices: {orders: }\n")
    words = ("move", "watchdog", "--service", "orders", "--pause", "1s", "--parent", str(os.getpid()))
    ran = bench.run(*words, stdin="go\ndone\n")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "ready"), ran.all
