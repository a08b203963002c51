"""Resources of the CloudNativePG operator: a Cluster for each instance, Databases, Poolers and ScheduledBackups.

- ``clusters/NAME.yaml``: Cluster with three replicas, its settings and roles; one Database for each database with its
  schemas and extensions; a ScheduledBackup by volume snapshots; a NetworkPolicy.
- ``pools/SERVICE.yaml``: a Pooler for each service that declares a pool, and its NetworkPolicy. The operator's pools
  stand before one cluster and have one size for all databases, so each service gets one of its own, whatever
  ``pooler:`` says of sharing.
- ``services/NAME.yaml``, ``secrets/kustomization.yaml``, ``kustomization.yaml``: as in ``export kubernetes``.

The operator makes roles, databases, schemas and extensions; it knows no grants inside a database, no settings of a
login and no revocation of CONNECT. Run ``freehold apply`` with the clusters' URLs afterwards, then ``freehold prove``.
Settings that the operator keeps to itself are left out, and a note names them.

Hostile names become DNS labels with a digest; databases and roles stand as they are, the name of a service in an
annotation of its ConfigMap.

Checked: every field is one that the operator's resources have in version 1.30, by a list in the tests; the files were
held against its CustomResourceDefinitions by hand, once. ``kubectl kustomize`` builds both folders. Nothing was run in
a cluster.
"""

from __future__ import annotations

from dataclasses import replace

from freehold.errors import FreeholdError
from freehold.export import initial
from freehold.export.carried import ALL
from freehold.export.environment import secret_files, variables
from freehold.export.kinds._kind import Exporter
from freehold.export.kube import (
    PLATFORM,
    SERVICE,
    Node,
    environment,
    generator,
    kustomization,
    lets_in,
    namespace,
    nightly,
    policy,
    resource,
)
from freehold.export.model import Asked, Export, Form, Network, Pieces, SecretOf
from freehold.export.names import file, label
from freehold.export.operator import KEPT
from freehold.export.ways import PORT, kubernetes_host, pool_name, ways
from freehold.export.yamltext import documents
from freehold.layouts.model import Instance
from freehold.plan.wanted import wanted
from freehold.plan.wanted_model import WantedDatabase, WantedRole
from freehold.spec.model import Pool, Pooler

API = "postgresql.cnpg.io/v1"
CLUSTER = "cnpg.io/cluster"
POOLER = "cnpg.io/poolerName"
INSTANCES = {"cnpg.io/podRole": "instance"}
OPERATOR = "cnpg-system"
IMAGE = "ghcr.io/cloudnative-pg/postgresql:18"


def _cluster(asked: Asked, instance: Instance) -> tuple[Node, tuple[str, ...]]:
    host = kubernetes_host(instance.name)
    values = initial.conf(asked.design, instance, asked.memory_bytes)
    kept = tuple(sorted(name for name in values if name in KEPT))
    members = initial.memberships(asked.design, instance.name)
    roles = [_role(asked, one, members) for one in wanted(asked.design).roles[instance.name].values()]
    memory = f"{asked.memory_bytes // 1024**2}Mi"
    spec: Node = {
        "instances": 3,
        "imageName": IMAGE,
        "enableSuperuserAccess": True,
        "storage": {"size": asked.storage},
        "resources": {"requests": {"cpu": "500m", "memory": memory}, "limits": {"memory": memory}},
        "postgresql": {"parameters": {name: value for name, value in values.items() if name not in KEPT}},
        "managed": {"roles": roles},
        "backup": {"volumeSnapshot": {"snapshotOwnerReference": "cluster"}},
    }
    return resource(API, "Cluster", host, _labels(asked), spec=spec), kept


def _role(asked: Asked, role: WantedRole, members: dict[str, tuple[str, ...]]) -> Node:
    return {
        "name": role.name,
        "ensure": "present",
        "login": role.login,
        **({"connectionLimit": role.connection_limit} if role.connection_limit >= 0 else {}),
        **({"replication": True} if role.replication else {}),
        **({"bypassrls": True} if role.bypassrls else {}),
        **({"inRoles": list(members[role.name])} if role.name in members else {}),
        **({"passwordSecret": {"name": _login_secret(role.name)}} if role.login else {"disablePassword": True}),
    }


def _login_secret(role: str) -> str:
    return f"login-{label(role)}"


def _database(asked: Asked, want: WantedDatabase) -> Node:
    where = "public" if want.foreign else want.extension_schema
    schemas = [{"name": one.name, "owner": one.owner, "ensure": "present"} for one in want.schemas.values()]
    made = {one.name for one in want.schemas.values()} | {"public"}
    if want.extensions and where not in made:
        schemas.insert(0, {"name": where, "owner": initial.ADMIN, "ensure": "present"})
    extensions = [{"name": name, "ensure": "present", "schema": where} for name in want.extensions]
    host = kubernetes_host(want.instance)
    spec: Node = {
        "cluster": {"name": host},
        "name": want.name,
        "owner": initial.ADMIN,
        "encoding": "UTF8",
        "connectionLimit": want.connection_limit,
        "databaseReclaimPolicy": "retain",
        **({"schemas": schemas} if schemas else {}),
        **({"extensions": extensions} if extensions else {}),
    }
    return resource(API, "Database", f"{host}-{label(want.name)}", _labels(asked), spec=spec)


def _backup(asked: Asked, instance: Instance) -> Node:
    host = kubernetes_host(instance.name)
    spec: Node = {
        # the operator's schedules begin with the second
        "schedule": f"0 {nightly(instance.name)}",
        "cluster": {"name": host},
        "method": "volumeSnapshot",
        "backupOwnerReference": "cluster",
    }
    return resource(API, "ScheduledBackup", host, _labels(asked), spec=spec)


def _policy(asked: Asked, instance: Instance) -> Node:
    host = kubernetes_host(instance.name)
    placements = asked.design.placements
    services = [one.service for one in placements.services if one.instance == instance.name]
    readers = {one.reader[0] for one in placements.links if one.source[0] == instance.name} - {instance.name}
    # the operator's pools carry the label of their cluster too, and must reach it; those of other clusters must not
    peers = [{CLUSTER: host}, *({CLUSTER: kubernetes_host(name), **INSTANCES} for name in sorted(readers))]
    peers += [{**_labels(asked), SERVICE: label(name)} for name in services]
    operator: Node = {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OPERATOR}}}],
        "ports": [{"protocol": "TCP", "port": 8000}, {"protocol": "TCP", "port": PORT}],
    }
    replicas = lets_in(8000, {CLUSTER: host})
    return policy(host, _labels(asked), {CLUSTER: host, **INSTANCES}, [lets_in(PORT, *peers), replicas, operator])


def _pool(asked: Asked, service: str, pool: Pool, pooler: Pooler) -> list[Node]:
    name = pool_name(service)
    if pool.mode not in ("session", "transaction"):
        raise FreeholdError(
            f'the operator has no pools of mode "{pool.mode}", which service "{service}" declares',
            hint="Declare session or transaction, or export to kubernetes.",
        )
    parameters = {
        "default_pool_size": str(pool.size),
        "reserve_pool_size": str(pool.reserve),
        "max_client_conn": str(pool.max_clients),
        "query_wait_timeout": str(pooler.wait_timeout_ms // 1000),
        "client_idle_timeout": str(pooler.idle_timeout_ms // 1000),
        "server_reset_query_always": "1" if pooler.reset else "0",
    }
    spec: Node = {
        "cluster": {"name": kubernetes_host(asked.design.placements.of(service).instance)},
        "instances": 1,
        "type": "rw",
        "pgbouncer": {"poolMode": pool.mode, "parameters": parameters},
    }
    return [
        resource(API, "Pooler", name, _labels(asked), spec=spec),
        policy(name, _labels(asked), {POOLER: name}, [lets_in(PORT, {**_labels(asked), SERVICE: label(service)})]),
    ]


def _labels(asked: Asked) -> dict[str, str]:
    return {PLATFORM: label(asked.platform.name)}


def _write(wanted_: Asked) -> Export:
    asked = replace(wanted_, network=Network.CLOUDNATIVEPG, secrets="/run/freehold", services=())
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    kept: set[str] = set()
    roles: dict[str, tuple[str, str]] = {}
    groups: dict[str, list[str]] = {}
    for instance in asked.design.placements.instances:
        cluster, refused = _cluster(asked, instance)
        kept.update(refused)
        databases = [
            _database(asked, want)
            for (home, _), want in wanted(asked.design).databases.items()
            if home == instance.name
        ]
        found = [cluster, *databases, _backup(asked, instance), _policy(asked, instance)]
        files[f"clusters/{label(instance.name)}.yaml"] = documents(found)
        for role in wanted(asked.design).roles[instance.name].values():
            if role.login:
                name = file(role.name, "verifier")
                roles[_login_secret(role.name)] = (role.name, name)
                secrets[name] = (SecretOf(role.name, Form.VERIFIER),)
    pooler = asked.platform.pooler
    for service in asked.platform.services:
        if pooler is not None and service.pool is not None:
            files[f"pools/{label(service.name)}.yaml"] = documents(_pool(asked, service.name, service.pool, pooler))
    for way, ro in zip(ways(asked), ways(asked, "ro"), strict=True):
        name = f"service-{label(way.service)}"
        data = variables(way, ro, asked.secrets, mounted=True)
        files[f"services/{label(way.service)}.yaml"] = documents([environment(asked.platform.name, way.service, data)])
        groups[name] = list(secret_files(way, ro, mounted=True))
        secrets |= secret_files(way, ro, mounted=True)
    files["kustomization.yaml"] = kustomization(asked.platform.name, ["namespace.yaml", *sorted(files)])
    files["namespace.yaml"] = namespace(asked.platform.name)
    files["secrets/kustomization.yaml"] = generator(asked.platform.name, groups, roles)
    notes = (
        *initial.foreign(asked.design),
        *((f"The operator keeps to itself, and so it is left out: {', '.join(sorted(kept))}.",) if kept else ()),
        f"The policies expect the operator in the namespace {OPERATOR}.",
        "Grants and settings of logins are not the operator's: run `freehold apply` against the clusters, then prove.",
    )
    return Export(dict(sorted(files.items())), secrets, notes)


cloudnativepg = Exporter(
    "Cluster, Database, Pooler and ScheduledBackup of CloudNativePG",
    "a list of the operator's fields and kubectl kustomize",
    _write,
    ALL,
    here=False,
)
