"""Which database engine an image or a word stands for, and which images are tools and no services of a platform."""

from __future__ import annotations

import re

_POSTGRES = re.compile(
    r"^(postgres(ql)?([-_].*)?"
    r"|postgis|timescaledb(-ha|-postgis)?|pgvector|citus|spilo.*|crunchy-postgres.*|paradedb|pgvecto-rs|pgvecto\.rs"
    r"|alloydbomni|debezium-postgres|stolon.*|patroni.*|cloudnative-pg|vectorchord.*)$"
)
_ENGINES = {
    "mysql": "mysql", "mariadb": "mysql", "percona": "mysql", "mongo": "mongodb", "mongodb": "mongodb",
    "redis": "redis", "valkey": "redis", "keydb": "redis", "mssql": "sqlserver", "azure-sql-edge": "sqlserver",
    "server": "", "cassandra": "cassandra", "neo4j": "neo4j", "elasticsearch": "elasticsearch",
    "opensearch": "opensearch",
    "clickhouse": "clickhouse", "clickhouse-server": "clickhouse", "cockroach": "cockroachdb", "influxdb": "influxdb",
    "oracle": "oracle", "couchdb": "couchdb", "dynamodb-local": "dynamodb", "scylla": "cassandra",
    "memcached": "memcached",
    "mysql-server": "mysql", "yugabyte": "yugabytedb",
}  # fmt: skip
_VARIABLE = re.compile(r"^\$\{?(\w*image\w*)\}?$")
_TOOLS = re.compile(
    r"pgadmin|adminer|exporter|pghero|pg-?backup|postgres-?backup|db-?backup|pgweb|cloudbeaver|sqlpad|dbgate|phpmyadmin|"
    r"minio|meilisearch|typesense|qdrant|gotenberg|rabbitmq|nginx|traefik|caddy|kafka|zookeeper|mailhog|mailpit|localstack|jaeger|zipkin|consul|vault|kibana|"
    r"postgres(ql)?[-_](client|meta|migrat|operator|mcp|wait|init|dump|restore)|"
    r"pgbouncer|pgcat|pgpool|odyssey|haproxy|schemaspy|wait-for|dockerize|pgbadger|pg_dump|prometheus|grafana|redis-commander"
)
_BESIDE = re.compile(
    r"^(nats(-.*)?|etcd|eclipse-mosquitto|mosquitto|emqx|pulsar|redpanda|console|activemq.*|artemis|alertmanager|loki|tempo|"
    r"promtail|opentelemetry-collector.*|otel-collector|fluent-?bit|fluentd|logstash|filebeat|metricbeat|apm-server|"
    r"kafdrop|kafka-ui|kafka-exporter|akhq|mongo-express|redisinsight|redis-stack.*|portainer.*|cadvisor|node-exporter|"
    r"smtp4dev|maildev|inbucket|seq|imgproxy|ngrok|stripe-cli|watchtower|envoy|kong-ingress.*|varnish|httpd|busybox|"
    r"curl|alpine|scratch|ollama|weaviate|chroma|milvus.*|solr|influxdb.*|telegraf)$"
)
"""Brokers, collectors and boards that take no database of the platform, by the last part of their image."""

_WORDS = {
    "postgres": "postgresql", "postgresql": "postgresql", "pgsql": "postgresql", "pg": "postgresql",
    "psql": "postgresql",
    "npgsql": "postgresql", "django.db.backends.postgresql": "postgresql",
    "django.db.backends.postgresql_psycopg2": "postgresql",
    "django.contrib.gis.db.backends.postgis": "postgresql", "postgis": "postgresql", "asyncpg": "postgresql",
    "psycopg2": "postgresql", "psycopg": "postgresql", "mysql": "mysql", "mysql2": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite", "better-sqlite3": "sqlite", "mssql": "sqlserver", "sqlserver": "sqlserver",
    "mongodb": "mongodb",
    "mongo": "mongodb", "oracle": "oracle", "h2": "h2", "cockroachdb": "cockroachdb", "postgresdb": "postgresql",
}  # fmt: skip


def of_image(image: str) -> str:
    """``postgresql``, another engine, or empty for an image that is no database server."""
    whole = image.lower().partition("@")[0]
    if variable := _VARIABLE.match(whole):
        # POSTGRES_IMAGE_NAME says as much where nothing says what it stands for
        return next((_WORDS[word] for word in variable[1].split("_") if word in _WORDS), "")
    name = whole.rpartition("/")[2].partition(":")[0]
    if _TOOLS.search(name):
        return ""
    if "mssql" in whole:
        return "sqlserver"
    if _POSTGRES.match(name):
        return "postgresql"
    return _ENGINES.get(name, "")


def tool(image: str, name: str) -> bool:
    """Whether an image (or, where it has none, a service of this name) is a tool beside the services."""
    last = (image.rpartition("/")[2] or name).lower()
    return bool(_TOOLS.search(last) or (image and _BESIDE.match(last.partition("@")[0].partition(":")[0])))


def of_word(word: str) -> str:
    """The engine that a setting such as ENGINE, dialect or provider names, empty for none."""
    word = word.strip().strip("\"'").lower()
    if word.startswith("django.db.backends."):
        return _WORDS.get(word, word.rpartition(".")[2])
    return _WORDS.get(word.partition("+")[0], "")
