"""The nightly dump of each database of an instance that runs in plain Kubernetes."""

from __future__ import annotations

import shlex

from freehold.export.kube import BACKUP, CONFINED, POD, USER, Node, claim, labels_of, nightly, resource
from freehold.export.model import Asked, Pieces, SecretOf
from freehold.export.names import file, whole_line
from freehold.export.ways import kubernetes_host
from freehold.layouts.model import Instance


def dumps(asked: Asked, instance: Instance) -> tuple[list[Node], dict[str, Pieces]]:
    """The claim that keeps dumps, the script and its schedule."""
    host = kubernetes_host(instance.name)
    name = f"{host}-backup"
    labels = labels_of(asked, BACKUP, instance.name)
    role = asked.design.placements.roles.backup
    databases = [database for home, database in asked.design.placements.databases() if home == instance.name]
    lines = ["set -eu", 'into="/backup/$(date -u +%Y-%m-%dT%H%M%SZ)"', 'mkdir "$into.part"']
    for database in databases:
        shown = shlex.quote(whole_line(database, "a script"))
        lines.append(f'pg_dump --format=custom --file="$into.part/"{shlex.quote(file(database, "dump"))} -- {shown}')
    lines += ["sync", 'mv "$into.part" "$into"', 'echo "$into is complete"']
    template: Node = {
        "metadata": {"labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {**POD, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER},
            "containers": [
                {
                    "name": "dump",
                    "image": asked.image,
                    "command": ["sh", "/scripts/dump.sh"],
                    "env": [
                        {"name": "PGHOST", "value": host},
                        {"name": "PGUSER", "value": role},
                        {
                            "name": "PGPASSWORD",
                            "valueFrom": {"secretKeyRef": {"name": name, "key": file(role, "password")}},
                        },
                    ],
                    "securityContext": CONFINED,
                    "volumeMounts": [
                        {"name": "backup", "mountPath": "/backup"},
                        {"name": "scripts", "mountPath": "/scripts"},
                    ],
                }
            ],
            "volumes": [
                {"name": "backup", "persistentVolumeClaim": {"claimName": name}},
                {"name": "scripts", "configMap": {"name": name}},
            ],
        },
    }
    kept = claim(name, asked.storage)
    found = [
        resource("v1", "ConfigMap", name, labels, data={"dump.sh": "\n".join(lines) + "\n"}),
        resource("v1", "PersistentVolumeClaim", name, labels, spec=kept["spec"]),
        resource(
            "batch/v1",
            "CronJob",
            name,
            labels,
            spec={
                "schedule": nightly(instance.name),
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": 3600,
                "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}},
            },
        ),
    ]
    return found, {file(role, "password"): (SecretOf(role),)}
