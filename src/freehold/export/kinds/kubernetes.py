"""Plain Kubernetes: a StatefulSet for each instance, pools, policies, disruption budgets and backups.

- ``instances/NAME.yaml``: ConfigMap (settings, pg_hba.conf, init.sql), headless Service, StatefulSet, NetworkPolicy,
  PodDisruptionBudget, and a CronJob that dumps each database with the platform's backup login.
- ``pools/NAME.yaml``: ConfigMap, Deployment, Service, NetworkPolicy.
- ``services/NAME.yaml``: a ConfigMap with the environment of each service.
- ``secrets/kustomization.yaml``: makes the Secrets from files beside it; the files come with --with-secrets.
- ``kustomization.yaml`` and ``namespace.yaml``: ``kubectl apply -k secrets && kubectl apply -k .``

A NetworkPolicy lets a Pod in by its label ``freehold.dev/service: NAME``, and by nothing else: into the pool of that
service and into the instance that holds it. Instances that read from each other, pools and backups are let in where
they must. A cluster whose network does not enforce policies isolates nothing; passwords and ``pg_hba.conf`` still do.
Several services on one instance cannot be told apart by a NetworkPolicy: their databases and roles do that.

There is one Pod for each instance and the budget keeps it from being evicted unasked: a drain waits for a person. For
replicas use ``freehold export cloudnativepg``.

Hostile names become DNS labels with a digest; inside ConfigMaps they stand as they are, the name of a service in
an annotation. A database with a line break is refused, because psql cannot connect to it.

Checked: every resource against the published schemas of Kubernetes; the policies by an interpreter of theirs that asks
for each service and instance who may reach whom; ``kubectl kustomize`` builds both folders. Nothing was run in a
cluster.
"""

from __future__ import annotations

from dataclasses import replace

from freehold.errors import FreeholdError
from freehold.export import initial
from freehold.export.carried import ALL
from freehold.export.environment import secret_files, variables
from freehold.export.kinds._kind import Exporter
from freehold.export.kube import (
    BACKUP,
    CONFINED,
    INSTANCE,
    POD,
    POOL,
    SECRETS,
    SERVICE,
    USER,
    Node,
    claim,
    environment,
    generator,
    kustomization,
    labels_of,
    lets_in,
    namespace,
    policy,
    resource,
    service,
)
from freehold.export.kubedump import dumps
from freehold.export.kubepool import pool
from freehold.export.model import Asked, Export, Network, Pieces
from freehold.export.names import label
from freehold.export.ways import PORT, kubernetes_host, pool_name, pools, ways
from freehold.export.yamltext import documents
from freehold.layouts.model import Instance
from freehold.units import show_bytes

CONFIG_MAP_BYTES = 1_000_000
"""A ConfigMap holds one MiB, names and all."""


def _instance(asked: Asked, instance: Instance) -> tuple[list[Node], dict[str, Pieces]]:
    host = kubernetes_host(instance.name)
    labels = labels_of(asked, INSTANCE, instance.name)
    admin, password = initial.admin_secret(instance.name)
    secrets = {admin: password, **initial.secrets(asked.design, instance.name)}
    values = initial.conf(asked.design, instance, asked.memory_bytes)
    files = {
        "postgresql.conf": initial.conf_text(values),
        "pg_hba.conf": initial.hba_text(asked.design, instance.name),
        "init.sql": initial.sql(asked.design, instance.name),
    }
    size_bytes = sum(len(text.encode()) for text in files.values())
    if size_bytes > CONFIG_MAP_BYTES:
        raise FreeholdError(
            f'instance "{instance.name}" starts with {size_bytes} bytes of text, more than a ConfigMap can hold',
            hint="Spread its services over more instances, or export to cloudnativepg.",
        )
    found = [
        resource("v1", "ConfigMap", host, labels, data=files),
        service(host, labels, PORT, headless=True),
        resource("apps/v1", "StatefulSet", host, labels, spec=_stateful(asked, instance, host, labels, admin)),
        policy(host, labels, labels, [lets_in(PORT, *_peers(asked, instance.name))]),
        resource(
            "policy/v1",
            "PodDisruptionBudget",
            host,
            labels,
            spec={"minAvailable": 1, "selector": {"matchLabels": labels}},
        ),
    ]
    return found, secrets


def _peers(asked: Asked, instance: str) -> list[dict[str, str]]:
    """Who may reach an instance: its services, the pools in front of them, instances that read from it, backups."""
    placements = asked.design.placements
    services = [one.service for one in placements.services if one.instance == instance]
    readers = {one.reader[0] for one in placements.links if one.source[0] == instance} - {instance}
    return [
        *(labels_of(asked, SERVICE, name) for name in services),
        *(labels_of(asked, POOL, one.name) for one in pools(asked) if {e.service for e in one.entries} & set(services)),
        *(labels_of(asked, INSTANCE, name) for name in sorted(readers)),
        labels_of(asked, BACKUP, instance),
    ]


def _stateful(asked: Asked, instance: Instance, host: str, labels: dict[str, str], admin: str) -> Node:
    probe: Node = {
        "exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1", "--username=postgres", "--dbname=postgres"]}
    }
    memory = f"{asked.memory_bytes // 1024**2}Mi"
    container: Node = {
        "name": "postgres",
        "image": asked.image,
        "args": [
            "postgres",
            "-c",
            "config_file=/etc/postgresql/postgresql.conf",
            "-c",
            "hba_file=/etc/postgresql/pg_hba.conf",
        ],
        "env": [
            {"name": "POSTGRES_PASSWORD_FILE", "value": f"{SECRETS}/{admin}"},
            {"name": "POSTGRES_INITDB_ARGS", "value": "--data-checksums"},
            {"name": "FREEHOLD_SECRETS", "value": SECRETS},
        ],
        "ports": [{"name": "postgres", "containerPort": PORT}],
        "startupProbe": {**probe, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "500m", "memory": memory}, "limits": {"memory": memory}},
        "securityContext": CONFINED,
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/postgresql"},
            {"name": "configuration", "mountPath": "/etc/postgresql"},
            {"name": "initial", "mountPath": "/docker-entrypoint-initdb.d"},
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
            {"name": "shared-memory", "mountPath": "/dev/shm"},
            {"name": "socket", "mountPath": "/var/run/postgresql"},
        ],
    }
    return {
        "serviceName": host,
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 120,
                "securityContext": {**POD, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER},
                "containers": [container],
                "volumes": [
                    {"name": "configuration", "configMap": _some(host, "postgresql.conf", "pg_hba.conf")},
                    {"name": "initial", "configMap": {"name": host, "items": [_item("init.sql", "10-freehold.sql")]}},
                    {"name": "secrets", "secret": {"secretName": host, "defaultMode": 0o440}},
                    {"name": "shared-memory", "emptyDir": {"medium": "Memory"}},
                    {"name": "socket", "emptyDir": {}},
                ],
            },
        },
        "volumeClaimTemplates": [claim("data", asked.storage)],
    }


def _some(name: str, *keys: str) -> Node:
    return {"name": name, "items": [_item(key, key) for key in keys]}


def _item(key: str, path: str) -> Node:
    return {"key": key, "path": path}


def _write(wanted: Asked) -> Export:
    asked = replace(wanted, network=Network.KUBERNETES, secrets=SECRETS, services=())
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    groups: dict[str, set[str]] = {}

    def keep(secret: str, needed: dict[str, Pieces], *more: str) -> None:
        secrets.update(needed)
        groups.setdefault(secret, set()).update((*needed, *more))

    for instance in asked.design.placements.instances:
        host = kubernetes_host(instance.name)
        found, needed = _instance(asked, instance)
        backup, also = dumps(asked, instance)
        files[f"instances/{label(instance.name)}.yaml"] = documents([*found, *backup])
        keep(host, needed)
        keep(f"{host}-backup", also)
    for bouncer in pools(asked):
        resources, needed, tls = pool(asked, bouncer)
        files[f"pools/{label(bouncer.name)}.yaml"] = documents(resources)
        keep(pool_name(bouncer.name), needed, *tls)
    for way, ro in zip(ways(asked), ways(asked, "ro"), strict=True):
        found = [environment(asked.platform.name, way.service, variables(way, ro, SECRETS, mounted=True))]
        files[f"services/{label(way.service)}.yaml"] = documents(found)
        keep(f"service-{label(way.service)}", secret_files(way, ro, mounted=True))
    files["kustomization.yaml"] = kustomization(asked.platform.name, ["namespace.yaml", *sorted(files)])
    files["namespace.yaml"] = namespace(asked.platform.name)
    files["secrets/kustomization.yaml"] = generator(asked.platform.name, groups)
    notes = (
        *initial.foreign(asked.design),
        f"Each instance is sized for {show_bytes(asked.memory_bytes)} of memory and {asked.storage} of disk.",
        "Give a service's Pods the labels of its ConfigMap and take their environment from it.",
        f"Mount the Secret of the same name in them at {SECRETS}, or take PGPASSWORD from it by secretKeyRef.",
    )
    return Export(dict(sorted(files.items())), secrets, notes)


kubernetes = Exporter(
    "StatefulSets, pools, network policies and backups for Kubernetes",
    "the published schemas, kubectl kustomize, and an interpreter of network policies",
    _write,
    ALL,
    here=False,
)
