"""``freehold url``: a connection string for a client."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result


@command(quiet=True)
@click.argument("service", required=False)
@click.option(
    "--role",
    type=click.Choice(["app", "owner", "ro"]),
    default="app",
    show_default=True,
    help="As whom; owner is a login made for one hour.",
)
@click.option("--direct", is_flag=True, help="Past the service's pool.")
@click.option("--admin", metavar="INSTANCE", help="Instead: Freehold's own login on this instance.")
def url(call: Call, service: str | None, role: str, direct: bool, admin: str | None) -> Result:
    """Print a connection string of a service.

    With its password, since that is what was asked for: psql "$(freehold url trading)"
    """
    if (service is None) == (admin is None):
        raise click.UsageError("name a service, or an instance with --admin")
    context = call.context
    from freehold.cli import logins

    if admin is not None:
        found, until = logins.admin_url(context, admin), None
    else:
        found, until = logins.service_url(context, str(service), role, direct=direct)
    return Result(
        document={"url": found, "role": "admin" if admin else role, "valid_until": until},
        raw=found + "\n",
        shows_secrets=True,
    )
