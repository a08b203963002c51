"""Pieces of Kubernetes manifests that both of its exporters use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from freehold.export.model import Asked
from freehold.export.names import label
from freehold.export.yamltext import documents

Node = dict[str, object]
PLATFORM = "freehold.dev/platform"
INSTANCE = "freehold.dev/instance"
POOL = "freehold.dev/pool"
SERVICE = "freehold.dev/service"
"""The label by which a Pod says which service it is; the network policies let it in by that."""
BACKUP = "freehold.dev/backup"
NAME = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
"""The labels by which every tool tells what something is and to what it belongs."""


USER = 999
"""The account ``postgres`` of the official image."""
SECRETS = "/run/freehold"
CONFINED: Node = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD: Node = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def resource(api: str, kind: str, name: str, labels: Mapping[str, str], **rest: object) -> Node:
    """A resource with its name and labels."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": dict(labels)}, **rest}


def environment(platform: str, service: str, data: Mapping[str, str]) -> Node:
    """The ConfigMap with the environment of a service, whose labels its Pods are to have."""
    named = {PLATFORM: label(platform), SERVICE: label(service), NAME: label(service), PART_OF: label(platform)}
    made = resource("v1", "ConfigMap", f"service-{label(service)}", named, data=dict(data))
    if label(service) != service:
        # no label can hold such a name
        made["metadata"] = {"name": f"service-{label(service)}", "labels": named, "annotations": {SERVICE: service}}
    return made


def policy(name: str, labels: Mapping[str, str], chosen: Mapping[str, str], rules: Iterable[Node]) -> Node:
    """A NetworkPolicy that lets nothing in but what ``rules`` name."""
    return resource(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        labels,
        spec={
            "podSelector": {"matchLabels": dict(chosen)},
            "policyTypes": ["Ingress"],
            "ingress": list(rules),
        },
    )


def lets_in(port: int, *peers: Mapping[str, str]) -> Node:
    """Pods of this namespace with these labels may reach one port."""
    return {
        "from": [{"podSelector": {"matchLabels": dict(peer)}} for peer in peers],
        "ports": [{"protocol": "TCP", "port": port}],
    }


def kustomization(platform: str, resources: Iterable[str]) -> str:
    """What ``kubectl apply -k`` takes in, all in one namespace."""
    return documents(
        [
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": label(platform),
                "resources": list(resources),
            }
        ]
    )


def namespace(platform: str) -> str:
    """The namespace of the platform; Pods in it may be no root and gain nothing."""
    labels = {PLATFORM: label(platform), "pod-security.kubernetes.io/enforce": "restricted"}
    return documents([resource("v1", "Namespace", label(platform), labels)])


def generator(
    platform: str, groups: Mapping[str, Iterable[str]], logins: Mapping[str, tuple[str, str]] | None = None
) -> str:
    """A kustomization that makes each Secret from files beside it, whose names are its keys; and for each of
    ``logins`` (role, file) one with its name and what the file holds."""
    secrets: list[Node] = [{"name": name, "files": sorted(files)} for name, files in sorted(groups.items())]
    secrets += [
        {
            "name": name,
            "type": "kubernetes.io/basic-auth",
            "literals": [f"username={role}"],
            "files": [f"password={file}"],
        }
        for name, (role, file) in sorted((logins or {}).items())
    ]
    return documents(
        [
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": label(platform),
                "generatorOptions": {"disableNameSuffixHash": True},
                "secretGenerator": secrets,
            }
        ]
    )


def nightly(name: str) -> str:
    """Once a night, at a minute that is spread by name so that backups do not all begin at once."""
    return f"{sum(name.encode()) % 60} 2 * * *"


def service(host: str, labels: dict[str, str], port: int, *, headless: bool = False) -> Node:
    """A Service before the Pods with these labels."""
    ports = [{"name": "postgres", "port": port, "targetPort": port}]
    spec: Node = {**({"clusterIP": "None"} if headless else {}), "selector": labels, "ports": ports}
    return resource("v1", "Service", host, labels, spec=spec)


def labels_of(asked: Asked, key: str, name: str) -> dict[str, str]:
    """The labels of what belongs to an instance, a pool, a service or a backup, as ``key`` says."""
    return {PLATFORM: label(asked.platform.name), key: label(name)}


def claim(name: str, storage: str) -> Node:
    """A claim of so much storage."""
    spec: Node = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    return {"metadata": {"name": name}, "spec": spec}
