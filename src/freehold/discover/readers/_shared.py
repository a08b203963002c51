"""What several readers of deployments share."""

INITDB = "/docker-entrypoint-initdb.d"
"""The folder whose scripts the server image runs on an empty volume."""
