"""Workloads, ConfigMaps, Secrets and Services of Kubernetes as facts; shared by plain manifests and rendered charts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from freehold.discover import engines, places
from freehold.discover.facts import Deployed, Fact, MadeFor, Mounted, Script, Secret, Server, Takes, Variable
from freehold.discover.model import CERTAIN, Evidence
from freehold.discover.pools import lines_of
from freehold.discover.readers._kind import Source
from freehold.discover.readers._shared import INITDB, spoken
from freehold.discover.scripts import script_facts
from freehold.discover.secrets import in_url, real
from freehold.discover.settings_files import settings_in
from freehold.discover.shellscripts import shell_facts
from freehold.discover.yamltree import Tree

WORKLOADS = {
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet", "Rollout", "ReplicationController",
    "DeploymentConfig",
}  # fmt: skip


_SERVICE_LABELS = ("freehold.dev/service", "app.kubernetes.io/name")


def manifest_facts(source: Source, scope: str, document: Tree) -> Iterator[Fact]:
    """The facts of one document; lists of documents are opened."""
    kind = document.get("kind").text
    if kind == "List":
        for item in document.get("items").list():
            yield from manifest_facts(source, scope, item)
    elif kind in WORKLOADS:
        yield from _workload(source, scope, kind, document)
    elif kind in ("ConfigMap", "Secret"):
        yield from _config(source, scope, kind == "Secret", document)
    elif kind == "Service":
        ports = {port.get("port").text for port in document.get("spec", "ports").list()}
        names = tuple(value.text for value in document.get("spec", "selector").map().values())
        if "5432" in ports:
            name = document.get("metadata", "name")
            yield Server(name.text, scope, source.at(name.line, f"Service {name.text}"), aliases=names)


def _workload(source: Source, scope: str, kind: str, document: Tree) -> Iterator[Fact]:
    name = document.get("metadata", "name")
    spec = document.get("spec")
    pod = {"Pod": spec, "CronJob": spec.get("jobTemplate", "spec", "template", "spec")}.get(
        kind, spec.get("template", "spec")
    )
    environment = places.environment(source.path)
    volumes = {v.get("name").text: v for v in pod.get("volumes").list()}
    containers = pod.get("containers").list()
    beside = {engines.of_image(container.get("image").text) == "" for container in containers}
    for number, container in enumerate(containers):
        image = container.get("image").text
        engine = engines.of_image(image)
        if engine and kind in ("Job", "CronJob"):
            continue  # a client of the server that happens to use its image
        called = name.text
        if number:
            if not engine and engines.tool(image, container.get("name").text):
                continue
            called = container.get("name").text if engine else name.text
        elif engine and len(beside) > 1:
            called = container.get("name").text  # the workload's name is that of the program beside its server
        if not called:
            continue
        holder = f"service:{scope}:{called}"
        yield Deployed(called, scope, source.at(name.line, f"{kind} {called}"), "", image, environment)
        if not number and not engine:
            for before in pod.get("initContainers").list():
                yield from _environment(source, scope, holder, before, environment)
        yield from _environment(source, scope, holder, container, environment)
        for shared in volumes.values() if not engine else ():
            for name_of in (shared.get("configMap", "name"), shared.get("secret", "secretName")):
                if name_of.text:
                    at = source.at(name_of.line, f"volume of {name_of.text}")
                    yield Takes(holder, f"config:{scope}:{name_of.text}/files", at)
        for mount in container.get("volumeMounts").list():
            if mount.get("mountPath").text.startswith(INITDB):
                volume = volumes.get(mount.get("name").text)
                config = volume.get("configMap", "name").text if volume is not None else ""
                if config:
                    yield Mounted(
                        f"config:{config}", f"{scope}:{called}", source.at(mount.line, f"{config} at {INITDB}")
                    )


def _environment(source: Source, scope: str, holder: str, container: Tree, environment: str) -> Iterator[Fact]:
    for key in ("command", "args"):
        for word in container.get(key).list():
            yield from spoken(source, holder, word, environment)
    for item in container.get("envFrom").list():
        for kind in ("configMapRef", "secretRef"):
            name = item.get(kind, "name")
            if name.text:
                at = source.at(name.line, f"envFrom {kind} {name.text}")
                yield Takes(holder, f"config:{scope}:{name.text}", at, under=item.get("prefix").text)
    for item in container.get("env").list():
        variable = item.get("name").text
        value = item.get("value")
        if value.node is not None:
            at = source.at(item.line, f"{variable}: {value.text}")
            yield Variable(holder, variable, value.text, at, environment)
        for kind in ("configMapKeyRef", "secretKeyRef"):
            taken = item.get("valueFrom", kind)
            if taken.get("name").text:
                at = source.at(taken.line, f"{variable} from {kind} {taken.get('name').text}")
                config = f"config:{scope}:{taken.get('name').text}"
                yield Takes(holder, config, at, taken.get("key").text, variable)


def _config(source: Source, scope: str, secret: bool, document: Tree) -> Iterator[Fact]:
    name = document.get("metadata", "name").text
    holder = f"config:{scope}:{name}"
    environment = places.environment(source.path)
    labels = document.get("metadata", "labels").map()
    said = document.get("metadata", "annotations").map()
    made_for = said.get(_SERVICE_LABELS[0]) or next((labels[key] for key in _SERVICE_LABELS if key in labels), None)
    if made_for is not None and not secret:
        yield MadeFor(holder, scope, made_for.text, source.at(made_for.line, f"ConfigMap {name} of {made_for.text}"))
    for part in ("data", "stringData"):
        for key, tree in document.get(part).map().items():
            value = tree.text
            if secret and part == "data":
                value = _decoded(value)
            if secret:
                # the name alone is shown; the value only tells where a connection leads
                yield Variable(holder, key, value, source.at(tree.line, f"Secret {name}, key {key}"), environment)
                hidden = in_url(value) or (value if "pass" in key.lower() else "")
                if hidden and real(hidden):
                    yield Secret(f"{key} of Secret {name}", source.at(tree.line, f"Secret {name}, key {key}"))
                continue
            yield Variable(holder, key, value, source.at(tree.line, f"{key}: {value}"), environment)
            yield from _script(source, name, key, tree)
        for key, tree in document.get(part).map().items():
            value = _decoded(tree.text) if secret and part == "data" else tree.text
            for each in settings_in(key, value):
                shown = f"Secret {name}, key {key}" if secret else f"{key}: {each.key}: {each.value}"
                line = tree.line if secret else tree.line + each.line
                yield Variable(f"{holder}/files", each.key, each.value, source.at(line, shown), environment)


def _script(source: Source, config: str, key: str, tree: Tree) -> Iterator[Fact]:
    """SQL or shell that a ConfigMap holds; its lines are counted in the manifest."""
    path = f"config:{config}/{key}"

    def at(line: int, text: str, confidence: float) -> Evidence:
        return source.at(tree.line + line, text, confidence)

    if key == "pgbouncer.ini":
        yield from lines_of(tree.text, lambda line, text: at(line, text, CERTAIN))
    elif key.endswith(".sql"):
        yield Script(path, source.at(tree.line, f"ConfigMap {config}, key {key}"))
        yield from script_facts(tree.text.split("\n"), at, path=path)
    elif key.endswith(".sh"):
        yield from shell_facts(tree.text, at, path)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
