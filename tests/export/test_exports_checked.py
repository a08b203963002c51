"""Exported files before the tools they are for: Compose, Kubernetes' schemas, kubectl, Terraform, Prisma."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import hcl2
import pytest
import yaml
from lark.exceptions import UnexpectedToken

from freehold.export.model import Export
from freehold.layouts.placement import place
from freehold.spec.model import Layout, Platform
from support.examples import SOAK
from support.exporting import PLATFORMS, example, export, hostile, put

COMPOSE = Path(str(find_spec("compose").origin)).parent / "docker-compose"  # type: ignore[union-attr]
"""The program itself: what pip puts beside Python ends with 0 whatever the program says."""
KUBERNETES = "1.33"

Resource = dict[str, object]


def subjects() -> Iterator[tuple[str, Platform]]:
    """Each example in a layout, so that each layout is there, and hostile names."""
    for name, layout in zip(PLATFORMS, Layout, strict=True):
        yield f"{name}-{layout.value}", example(name, layout)
    yield "hostile", hostile()


SUBJECTS = dict(subjects())
SLOWEST = "treum-groups"
"""With instances that read from each other, pools, and services that share a database."""
every = pytest.mark.parametrize("name", SUBJECTS)


def compose(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMPOSE), *words, "config", "--format", "json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@every
def test_compose_accepts_the_project_and_reads_what_was_meant(name: str, tmp_path: Path) -> None:
    made = export("docker-compose", SUBJECTS[name])
    put(made, tmp_path)
    images = re.findall(r"\$\{(IMAGE_\w+):", made.files["compose.services.yaml"])
    said = compose(
        tmp_path,
        "-f",
        "compose.yaml",
        "-f",
        "compose.services.yaml",
        **dict.fromkeys(images, "busybox"),
    )
    assert said.returncode == 0, said.stderr
    project = json.loads(said.stdout)

    assert len(images) == len(SUBJECTS[name].services)
    apps = {key: value for key, value in project["services"].items() if value["image"] == "busybox"}
    assert len(apps) == len(images)
    for app in apps.values():
        # what an application finds in its environment, after Compose read the file its own way
        environment = app["environment"]
        url = environment["DATABASE_URL"]
        host = environment["PGHOST"]
        assert f"@{host}:" in url
        mine = set(app["networks"])
        assert len(mine) == 1, "a service is on its own network only"
        assert set(project["services"][host]["networks"]) >= mine, "and finds its database there"
    for one in project["services"].values():
        assert "healthcheck" in one or one["image"] == "busybox"
    for secret in project["secrets"].values():
        assert set(secret) == {"name", "file"}


def test_compose_refuses_a_broken_project(tmp_path: Path) -> None:
    made = export("docker-compose", SUBJECTS["hostile"])
    put(made, tmp_path)
    path = tmp_path / "compose.yaml"
    path.write_text(path.read_text().replace("healthcheck:", "healthchek:"))

    said = compose(tmp_path, "-f", "compose.yaml")
    assert said.returncode != 0
    assert "healthchek" in said.stderr


def test_compose_keeps_a_dollar_in_a_name(tmp_path: Path) -> None:
    put(export("docker-compose", SUBJECTS["hostile"]), tmp_path)
    images = re.findall(r"\$\{(IMAGE_\w+):", (tmp_path / "compose.services.yaml").read_text())
    said = compose(tmp_path, "-f", "compose.yaml", "-f", "compose.services.yaml", **dict.fromkeys(images, "busybox"))
    databases = {
        one["environment"]["PGDATABASE"]
        for one in json.loads(said.stdout)["services"].values()
        if one["image"] == "busybox"
    }
    # what it prints is a project again, in which a dollar stands doubled
    assert "shop_$x ${y} %{z} #{a}".replace("$", "$$") in databases


def resources(made: Export) -> list[Resource]:
    """Everything that a cluster would be given."""
    found = []
    for path, text in made.files.items():
        if path.endswith(".yaml"):
            found += [one for one in yaml.safe_load_all(text) if one["kind"] != "Kustomization"]
    return found


def validate(resource: Resource) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate

        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", SUBJECTS if SOAK else [SLOWEST, "hostile"])
def test_kubernetes_schemas_accept_every_resource(name: str) -> None:
    found = resources(export("kubernetes", SUBJECTS[name]))
    kinds = {one["kind"] for one in found}

    assert kinds >= {
        "ConfigMap",
        "CronJob",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "StatefulSet",
    }
    for one in found:
        validate(one)
    names = [(one["kind"], one["metadata"]["name"]) for one in found]  # type: ignore[index]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", each) and len(each) <= 63 for _, each in names)
    assert all(len(each) <= 52 for kind, each in names if kind == "CronJob")


def test_a_misspelled_key_is_refused() -> None:
    found = next(one for one in resources(export("kubernetes", SUBJECTS["hostile"])) if one["kind"] == "StatefulSet")
    spec = found["spec"]
    assert isinstance(spec, dict)
    spec["replica"] = spec.pop("replicas")
    with pytest.raises(Exception, match="replica"):
        validate(found)


@every
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("kind", ["kubernetes", "cloudnativepg"])
def test_kustomize_builds_both_folders(kind: str, name: str, tmp_path: Path) -> None:
    made = export(kind, SUBJECTS[name])
    put(made, tmp_path)
    for secret in made.secrets:
        (tmp_path / "secrets" / secret).write_text("?")
    for folder in (tmp_path, tmp_path / "secrets"):
        said = subprocess.run(
            ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
        )
        assert said.returncode == 0, said.stderr
        built = list(yaml.safe_load_all(said.stdout))
        assert built
        assert {one["metadata"]["namespace"] for one in built if one["kind"] != "Namespace"} == {
            one["namespace"] for one in yaml.safe_load_all(made.files["kustomization.yaml"])
        }


def mounts_of(made: Export) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(Secret, key) pairs that are made, and those that are used by a container's path or environment."""
    secrets = yaml.safe_load(made.files["secrets/kustomization.yaml"])["secretGenerator"]
    return {(one["name"], key) for one in secrets for key in one["files"]}, {(one["name"], "") for one in secrets}


@every
def test_every_secret_that_is_mounted_is_made_and_every_secret_file_is_used(name: str) -> None:
    made = export("kubernetes", SUBJECTS[name])
    pairs, names = mounts_of(made)

    used = set(re.findall(r"secretName: (\S+)", "\n".join(made.files.values())))
    assert used <= {one for one, _ in names}
    assert {key for _, key in pairs} == set(made.secrets)


def allowed(policies: Sequence[Resource], source: Mapping[str, str], target: Mapping[str, str], port: int) -> bool:
    """What a cluster does: a Pod that no policy chooses is open, one that is chosen takes what some policy allows."""

    def chooses(selector: object, labels: Mapping[str, str]) -> bool:
        assert isinstance(selector, dict)
        return set(selector.get("matchLabels", {}).items()) <= set(labels.items())

    mine = [one["spec"] for one in policies if chooses(one["spec"]["podSelector"], target)]  # type: ignore[index]
    if not mine:
        return True
    return any(
        any("podSelector" in peer and chooses(peer["podSelector"], source) for peer in rule["from"])
        and any(one["port"] == port for one in rule["ports"])
        for spec in mine
        for rule in spec["ingress"]
    )


def reach(made: Export, found: Platform) -> dict[tuple[str, str], bool]:
    """Whether the Pods of a service reach an instance or a pool: (service, target) by their labels."""
    every = resources(made)
    policies = [one for one in every if one["kind"] == "NetworkPolicy"]
    services = {
        one["metadata"]["labels"]["freehold.dev/service"]: one["metadata"]["labels"]  # type: ignore[index]
        for one in every
        if one["kind"] == "ConfigMap" and "freehold.dev/service" in one["metadata"]["labels"]  # type: ignore[index]
    }
    assert len(services) == len(found.services)
    targets = {
        one["metadata"]["name"]: (  # type: ignore[index]
            one["spec"]["template"]["metadata"]["labels"],  # type: ignore[index]
            one["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"],  # type: ignore[index]
        )
        for one in every
        if one["kind"] in ("StatefulSet", "Deployment")
    }
    return {
        (service, target): allowed(policies, labels, pod, port)
        for service, labels in services.items()
        for target, (pod, port) in targets.items()
    }


@every
def test_policies_let_in_the_owning_service_and_nobody_else(name: str) -> None:
    from freehold.export.names import label
    from freehold.layouts.placement import place

    found = SUBJECTS[name]
    seen = reach(export("kubernetes", found), found)
    homes = {label(one.service): f"db-{label(one.instance)}" for one in place(found).services}

    for (service, target), open_ in seen.items():
        mine = target == (homes[service] if target.startswith("db-") else f"pool-{service}")
        assert open_ == mine, f"{service} -> {target}"
    assert any(seen.values())


def test_a_policy_that_is_missing_is_seen() -> None:
    found = example("treum", Layout.INSTANCE_PER_SERVICE)
    made = export("kubernetes", found)
    path = "instances/trading.yaml"
    kept = [one for one in yaml.safe_load_all(made.files[path]) if one["kind"] != "NetworkPolicy"]
    broken = Export({**made.files, path: yaml.safe_dump_all(kept)}, made.secrets)

    assert not reach(made, found)[("users", "db-trading")]
    assert reach(broken, found)[("users", "db-trading")]


@every
def test_terraform_parses_every_file_and_would_not_format_it_otherwise(name: str, tmp_path: Path) -> None:
    made = export("terraform", SUBJECTS[name])
    used = arguments(made)
    assert {kind for kind, _ in used} <= set(PROVIDER)
    for kind, names in used:
        assert names <= PROVIDER[kind], f"{kind}: {names - PROVIDER[kind]}"
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("Terraform is not installed")
    put(made, tmp_path)
    said = terraform(program, tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    (tmp_path / "providers.tf").write_text('provider "postgresql" {\n  alias = \n}\n')
    assert terraform(program, tmp_path).returncode != 0


@every
def test_a_parser_of_terraforms_language_reads_the_names_that_were_meant(name: str) -> None:
    found = SUBJECTS[name]
    made = export("terraform", found)
    read = {path: hcl2.loads(text) for path, text in made.files.items()}
    assert {heads for one in read.values() for heads in one} == {
        "terraform", "provider", "variable", "resource", "output",
    }  # fmt: skip
    databases = {
        plain(body["name"])
        for one in read.values()
        for resource in one.get("resource", ())
        for kind, named in resource.items()
        if kind == '"postgresql_database"'
        for body in named.values()
    }
    assert databases == {one.database for one in place(found).services}


def test_a_broken_file_of_terraform_is_refused() -> None:
    with pytest.raises(UnexpectedToken):
        hcl2.loads('provider "postgresql" {\n  alias = \n}\n')


def plain(quoted: str) -> str:
    """The text of a string of the language in which nothing is a template."""
    return str(json.loads(quoted.replace("$${", "${").replace("%%{", "%{")))


def terraform(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(
        [program, "fmt", "-check", "-diff", "."],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def arguments(made: Export) -> list[tuple[str, set[str]]]:
    """The kind of each resource and the arguments that it is given."""
    found = []
    for text in made.files.values():
        for match in re.finditer(r'^resource "(\w+)" "\w+" \{\n(.*?)^\}$', text, re.S | re.M):
            found.append((match[1], set(re.findall(r"^  (\w+) +=", match[2], re.M)) - {"provider", "count"}))
    assert found
    return found


PROVIDER = {
    "postgresql_role": {
        "name",
        "login",
        "password_wo",
        "password_wo_version",
        "connection_limit",
        "replication",
        "bypass_row_level_security",
        "roles",
    },
    "postgresql_database": {"name", "owner", "connection_limit", "template", "encoding"},
    "postgresql_schema": {"name", "database", "owner", "policy", "if_not_exists", "drop_cascade"},
    "postgresql_extension": {"name", "database", "schema", "version"},
    "postgresql_grant": {"database", "role", "schema", "object_type", "objects", "columns", "privileges"},
    "postgresql_default_privileges": {"database", "role", "schema", "owner", "object_type", "privileges"},
}
"""Arguments of version 1.26 of the provider, as its generated bindings for Python list them."""


def test_terraform_names_are_no_templates() -> None:
    text = "\n".join(export("terraform", SUBJECTS["hostile"]).files.values())
    assert 'name             = "shop_$x $${y} %%{z} #{a}"' in text
    assert not re.search(r'name += "[^"]*[^$]\$\{', text)


@every
def test_the_operators_resources_have_no_field_that_it_does_not_know(name: str) -> None:
    found = resources(export("cloudnativepg", SUBJECTS[name]))
    kinds = {str(one["kind"]) for one in found}

    assert kinds >= {"Cluster", "Database", "Pooler", "ScheduledBackup", "NetworkPolicy"}
    for one in found:
        if one["apiVersion"] == "postgresql.cnpg.io/v1":
            assert list(unknown(one["spec"], OPERATOR[str(one["kind"])])) == []
    assert list(unknown({"instance": 3}, OPERATOR["Cluster"])) == ["instance"]
    names = [(one["kind"], one["metadata"]["name"]) for one in found]  # type: ignore[index]
    assert len(names) == len(set(names))


def unknown(value: object, fields: object) -> Iterator[str]:
    """The keys that a value has and its kind does not; a kind that is None takes anything."""
    if isinstance(value, list):
        for one in value:
            yield from unknown(one, fields)
    elif isinstance(value, dict) and isinstance(fields, dict):
        for key, one in value.items():
            if key not in fields:
                yield key
            else:
                yield from unknown(one, fields[key])


_NAME = {"name": None}
OPERATOR: Mapping[str, object] = {
    "Cluster": {
        "instances": None,
        "imageName": None,
        "enableSuperuserAccess": None,
        "storage": {"size": None, "storageClass": None},
        "resources": {"requests": None, "limits": None},
        "postgresql": {"parameters": None, "pg_hba": None},
        "managed": {
            "roles": {
                "name": None,
                "ensure": None,
                "login": None,
                "connectionLimit": None,
                "replication": None,
                "bypassrls": None,
                "inRoles": None,
                "passwordSecret": _NAME,
                "disablePassword": None,
            }
        },
        "backup": {"volumeSnapshot": {"className": None, "snapshotOwnerReference": None}},
    },
    "Database": {
        "cluster": _NAME,
        "name": None,
        "owner": None,
        "encoding": None,
        "connectionLimit": None,
        "databaseReclaimPolicy": None,
        "schemas": {"name": None, "owner": None, "ensure": None},
        "extensions": {"name": None, "schema": None, "version": None, "ensure": None},
    },
    "Pooler": {
        "cluster": _NAME,
        "instances": None,
        "type": None,
        "pgbouncer": {
            "poolMode": None,
            "parameters": {
                "default_pool_size": None,
                "reserve_pool_size": None,
                "max_client_conn": None,
                "query_wait_timeout": None,
                "client_idle_timeout": None,
                "server_reset_query_always": None,
            },
        },
    },
    "ScheduledBackup": {"schedule": None, "cluster": _NAME, "method": None, "backupOwnerReference": None},
}
"""Fields of the operator's resources in version 1.30, of those that an export may use."""


PACKAGES = {
    6: "@prisma/prisma-schema-wasm@7.1.1-3.c2990dca591cba766e3b7ef5d9e8a84796e47ab7",
    7: "@prisma/prisma-schema-wasm@7.10.0-4.0edf323efd1d98336f3f0a68684b56f689b900d3",
}
"""What `prisma validate` of Prisma 6.19.3 and of 7.10.0 asks; the whole of either is two hundred megabytes."""
ASK = """
const fs = require("fs");
const { validate } = require(process.argv[2]);
for (const file of process.argv.slice(3)) {
  let said = "";
  try { validate(JSON.stringify({ prismaSchema: [[file, fs.readFileSync(file, "utf8")]], noColor: true })); }
  catch (error) { said = String(error.message); }
  console.log(JSON.stringify(said));
}
"""


@pytest.fixture(scope="module")
def prisma(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, Sequence[Path]], list[str]]:
    """(version, files) -> what Prisma's validator complains about in each."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    home = tmp_path_factory.mktemp("prisma")
    wanted = [f"v{version}@npm:{package}" for version, package in PACKAGES.items()]
    said = subprocess.run(
        ["npm", "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if said.returncode != 0:
        pytest.skip(f"npm could not install Prisma: {said.stderr.strip().splitlines()[-1:]}")
    (home / "ask.cjs").write_text(ASK)

    def ask(version: int, files: Sequence[Path]) -> list[str]:
        done = subprocess.run(
            ["node", str(home / "ask.cjs"), str(home / "node_modules" / f"v{version}"), *map(str, files)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def with_model(path: Path, schema: str) -> None:
    """A model in this schema: what refers to a schema shows whether the datasource has it."""
    name = f"item{path.read_text().count('model ')}"
    path.write_text(f"{path.read_text()}\nmodel {name} {{\n  id Int @id\n  @@schema({json.dumps(schema)})\n}}\n")


@pytest.mark.xdist_group("prisma")
def test_prisma_accepts_every_schema_and_refuses_one_of_another_service(
    prisma: Callable[[int, Sequence[Path]], list[str]], tmp_path: Path
) -> None:
    for name, found in SUBJECTS.items():
        put(export("prisma", found), tmp_path / name)
    files = {6: sorted(tmp_path.glob("*/*/schema.prisma")), 7: sorted(tmp_path.glob("*/*/prisma7/schema.prisma"))}
    assert len(files[6]) == len(files[7]) == sum(len(found.services) for found in SUBJECTS.values())
    for version in (6, 7):
        for path in files[version]:
            declared = re.search(r"schemas += (\[.*\])", path.read_text())
            for schema in json.loads(declared[1]) if declared else ():
                with_model(path, schema)
        assert set(prisma(version, files[version])) == {""}

        path = tmp_path / "treum-groups" / "users" / ("schema.prisma" if version == 6 else "prisma7/schema.prisma")
        with_model(path, "trading")
        assert "not defined in the datasource" in prisma(version, [path])[0]
    # each is for its own version: Prisma 7 takes no address in a schema
    assert "url" in prisma(7, [files[6][0]])[0]
