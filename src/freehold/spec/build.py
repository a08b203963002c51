"""A validated document as the frozen Platform that everything else works on."""

from __future__ import annotations

from freehold.spec.document import DeclarationForm
from freehold.spec.model import (
    Ignore,
    Layout,
    Limits,
    Migrations,
    Platform,
    Pool,
    Pooler,
    Profile,
    Server,
    ServerKind,
    Service,
    Via,
)
from freehold.spec.names import slug
from freehold.spec.pooler_form import PoolerForm
from freehold.spec.series_build import retention, timeseries
from freehold.spec.server_form import ServerForm
from freehold.spec.service_form import ServiceForm
from freehold.spec.tree import Tree
from freehold.spec.values import reference


def platform(form: DeclarationForm, file: str, tree: Tree) -> Platform:
    """The platform of ``form``: everything whose order means nothing is sorted."""
    servers = dict(form.servers) or {"main": form.server or ServerForm()}
    return Platform(
        name=form.platform,
        layout=Layout(form.layout),
        servers=tuple(_server(name, servers[name]) for name in sorted(servers)),
        services=tuple(_service(name, form.services[name]) for name in sorted(form.services)),
        groups=tuple((name, tuple(sorted(form.groups[name]))) for name in sorted(form.groups)),
        settings=_settings(form.settings),
        ignores=tuple(sorted((Ignore(i.key, i.reason, i.until or "") for i in form.ignore), key=lambda i: i.key)),
        pooler=None if form.pooler is None else _pooler(form.pooler),
        weights=tuple(sorted((str(name), weight) for name, weight in form.weights.items())),
        file=file,
        marks=tree.marks,
        written=tree.written,
        resolved=tree.resolved,
    )


def _pooler(form: PoolerForm) -> Pooler:
    return Pooler(
        sharing=form.sharing,
        port=form.port,
        processes=form.processes,
        auth=form.auth or "",
        reset=form.reset,
        wait_timeout_ms=form.wait_timeout,
        idle_timeout_ms=form.idle_timeout,
        tls_key=form.tls_key or "",
        tls_certificate=form.tls_certificate or "",
    )


def _server(name: str, form: ServerForm) -> Server:
    return Server(
        name=str(name),
        kind=ServerKind(form.derived),
        url=form.url or "",
        binaries=form.binaries or "",
        port=form.port,
        data=form.data or "",
        settings=_settings(form.settings),
    )


def _service(name: str, form: ServiceForm) -> Service:
    limits = form.limits
    pool = form.pool
    migrations = form.migrations
    return Service(
        name=str(name),
        schemas=(slug(name),) if form.schemas is None else tuple(form.schemas),
        tables=tuple(sorted(form.tables)),
        migrations=None
        if migrations is None
        else Migrations(migrations.folder or "", migrations.command or "", migrations.directory or ""),
        extensions=tuple(sorted(form.extensions)),
        profile=Profile(form.profile),
        settings=_settings(form.settings),
        pool=None if pool is None else Pool(pool.size, pool.port, pool.reserve, pool.mode, pool.max_clients),
        port=form.port,
        reads=tuple(sorted(read.table for read in form.reads)),
        replicas=tuple(sorted(read.table for read in form.reads if read.via == Via.REPLICA)),
        references=tuple(sorted(reference(r.from_, r.to) for r in form.references)),
        publishes=tuple(sorted(form.publishes)),
        limits=Limits(
            limits.connections,
            limits.statement_timeout,
            limits.idle_in_transaction_timeout,
            limits.lock_timeout,
            limits.temp_file,
        ),
        classification=tuple(sorted(form.classification)),
        database=form.database or "",
        instance=form.instance or "",
        timeseries=timeseries(form.timeseries),
        retention=retention(form.retention),
        adopts=tuple(sorted(form.adopts)),
    )


def _settings(form: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in form.items()))
