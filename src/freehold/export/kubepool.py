"""A pool in plain Kubernetes: its configuration, one Deployment, and who may reach it."""

from __future__ import annotations

from dataclasses import replace

from freehold.export.kube import (
    CONFINED,
    POD,
    POOL,
    SECRETS,
    SERVICE,
    USER,
    Node,
    labels_of,
    lets_in,
    policy,
    resource,
    service,
)
from freehold.export.model import Asked, Pieces
from freehold.export.pooling import ini, users_secret
from freehold.export.ways import POOL_PORT, pool_name
from freehold.pool.model import Bouncer


def pool(asked: Asked, bouncer: Bouncer) -> tuple[list[Node], dict[str, Pieces], tuple[str, ...]]:
    host = pool_name(bouncer.name)
    labels = labels_of(asked, POOL, bouncer.name)
    users, pieces = users_secret(asked, bouncer)
    tls = ("pool-tls-key", "pool-tls-certificate") if bouncer.tls_key else ()
    if tls:
        bouncer = replace(bouncer, tls_key=f"{SECRETS}/{tls[0]}", tls_certificate=f"{SECRETS}/{tls[1]}")
    text = ini(bouncer, POOL_PORT, f"{SECRETS}/{users}", listen="*")
    probe: Node = {"tcpSocket": {"port": POOL_PORT}, "periodSeconds": 5}
    container: Node = {
        "name": "pgbouncer",
        "image": asked.pool_image,
        "command": ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"],
        "ports": [{"name": "pgbouncer", "containerPort": POOL_PORT}],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {**CONFINED, "readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"name": "configuration", "mountPath": "/etc/pgbouncer"},
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
        ],
    }
    found = [
        resource("v1", "ConfigMap", host, labels, data={"pgbouncer.ini": text}),
        service(host, labels, POOL_PORT),
        resource(
            "apps/v1",
            "Deployment",
            host,
            labels,
            spec={
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "securityContext": {**POD, "runAsUser": USER, "fsGroup": USER},
                        "containers": [container],
                        "volumes": [
                            {"name": "configuration", "configMap": {"name": host}},
                            {"name": "secrets", "secret": {"secretName": host, "defaultMode": 0o440}},
                        ],
                    },
                },
            },
        ),
        policy(
            host,
            labels,
            labels,
            [lets_in(POOL_PORT, *(labels_of(asked, SERVICE, entry.service) for entry in bouncer.entries))],
        ),
    ]
    return found, {users: pieces}, tls
