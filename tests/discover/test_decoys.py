"""Repositories in which nothing is wrong, though they look like some in which much is: nothing may be said of them."""

from __future__ import annotations

import pytest

from freehold.finding import Level
from support.repository import discovered, files_of

DECOYS = {
    "databases of two named environments differ": """
        === app/package.json
        {}
        === app/.env.production
        DATABASE_URL=postgresql://app@db.example.com/app
        === app/.env.development
        DATABASE_URL=postgresql://app@localhost/app_dev
        """,
    "a service with two databases, both named in every place": """
        === pay/package.json
        {}
        === pay/.env.example
        DATABASE_URL=postgresql://pay@localhost/pay
        JOBS_DATABASE_URL=postgresql://pay@localhost/jobs
        === compose.yaml
        services:
          pay:
            build: ./pay
            environment: {DATABASE_URL: "postgresql://pay@h/pay", JOBS_DATABASE_URL: "postgresql://pay@h/jobs"}
        """,
    "the same table in databases of two services": """
        === compose.yaml
        services:
          a: {build: ./a, environment: {DATABASE_URL: "postgresql://a@h/a"}}
          b: {build: ./b, environment: {DATABASE_URL: "postgresql://b@h/b"}}
        === a/package.json
        {}
        === a/m/1.sql
        CREATE TABLE outbox (id int);
        === b/package.json
        {}
        === b/m/1.sql
        CREATE TABLE outbox (id bigint);
        """,
    "one word for two services of other repositories": """
        === compose.yaml
        services:
          a: {build: ./a, environment: {DATABASE_URL: "postgresql://a@warehouse.example.com/shared"}}
        """,
    "urls in comments, in tests and in documents": """
        === app/package.json
        {}
        === app/db.js
        // postgres://u:Hq8sk2Lm@h/nine
        /* postgresql://u@h/nine */
        === app/db.test.ts
        const url = 'postgresql://u:Hq8sk2Lm@h/nine';
        === tests/conftest.py
        engine = create_engine("postgresql://u@h/nine")
        === README.md
        Run it with `DATABASE_URL=postgresql://user:password@localhost/db`. There are two databases in the world.
        """,
    "other engines": """
        === compose.yaml
        services:
          mysql: {image: "mysql:8", environment: {MYSQL_DATABASE: a}}
          mongo: {image: mongo}
          a: {build: ./a, environment: {DB_HOST: mysql, DB_NAME: a, DB_USER: root, MONGO_URL: "mongodb://mongo/a"}}
        === a/init.sql
        CREATE DATABASE IF NOT EXISTS `a` ENGINE=InnoDB;
        DROP DATABASE IF EXISTS `b`;
        """,
    "a reset that a person runs by hand, and tests that start afresh": """
        === scripts/reset.sh
        dropdb app
        createdb app
        === app/src/test/resources/application-test.yml
        spring: {jpa: {hibernate: {ddl-auto: create-drop}}}
        """,
    "a tool that can drop databases, and tests that join": """
        === tool/pyproject.toml
        x = 1
        === tool/destroy.py
        run("DROP DATABASE orders")
        === a/package.json
        {}
        === a/m/1.sql
        CREATE TABLE x (id int);
        === b/package.json
        {}
        === b/m/1.sql
        CREATE TABLE y (id int);
        === b/tests/fill.sql
        SELECT * FROM x JOIN y USING (id);
        """,
    "secrets by file, by variable and by place-holder": """
        === compose.yaml
        services:
          db:
            image: postgres:17
            environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db, POSTGRES_DB: app}
          app: {build: ./app, environment: {DATABASE_URL: "postgresql://app:${PASSWORD}@db/app"}}
        === .env.example
        PASSWORD=change-me
        === k8s/secret.yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: db}
        stringData: {password: "<your password>"}
        """,
    "a view and a join inside one service": """
        === app/package.json
        {}
        === app/m/1.sql
        CREATE SCHEMA a; CREATE SCHEMA b;
        CREATE TABLE a.x (id int PRIMARY KEY); CREATE TABLE b.y (id int REFERENCES a.x);
        CREATE VIEW b.z AS SELECT * FROM a.x JOIN b.y USING (id);
        CREATE INDEX ON a.x (id);
        """,
}


@pytest.mark.parametrize("name", DECOYS)
def test_a_decoy_stays_silent(name: str) -> None:
    found = discovered(files_of(DECOYS[name]))
    assert [(f.code, f.title) for f in found.findings if f.level is not Level.INFO] == []
