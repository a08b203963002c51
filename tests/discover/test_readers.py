"""Each format by itself: what it says of services, databases and tables, and what must not be taken for more."""

from __future__ import annotations

import pytest

from freehold.discover.facts import Pooled, Unreadable
from freehold.discover.made import RoleMade, SettingMade
from freehold.discover.model import Discovery
from freehold.discover.readers._kind import members
from support.repository import discovered, files_of


def uses(discovery: Discovery) -> set[tuple[str, str]]:
    return {(use.service, use.database) for use in discovery.uses if use.environment != "test"}


def made(discovery: Discovery) -> set[str]:
    return {database.name for database in discovery.databases if database.created_by}


def tables(discovery: Discovery) -> set[tuple[str, str]]:
    return {(table.service, table.shown) for table in discovery.tables}


USES = {
    "compose: list, map, anchor, interpolation, default and env_file": (
        """
        === compose.yaml
        x-db: &db
          DB_HOST: pg
          DB_USER: app
        services:
          pg: {image: "postgis/postgis:16", environment: [POSTGRES_DB=one, POSTGRES_PASSWORD]}
          one: {build: ./one, environment: {<<: *db, DB_NAME: one}}
          two: {build: ./two, environment: ["DATABASE_URL=postgres://u@pg/${TWO_DB:-two}"]}
          three: {build: ./three, environment: {DATABASE_URL: "${THREE_URL}"}}
          four: {image: shop/four, env_file: [four.env]}
          five: {extends: {service: two}, environment: {OTHER: x}}
        === .env
        THREE_URL=postgresql+asyncpg://u:p@pg:5432/three?ssl=disable
        === four.env
        export PGHOST=pg
        PGDATABASE='four'   # the quotes are the shell's
        #PGDATABASE=nine
        """,
        {("one", "one"), ("two", "two"), ("three", "three"), ("four", "four"), ("five", "two")},
    ),
    "compose: one Dockerfile for all, each from the project that it is named after": (
        """
        === compose.yaml
        services:
          db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          a-service: {build: {context: ., dockerfile: docker/Dockerfile}, environment: {DATABASE_URL: "postgres://a@db/a"}}
          b-service: {build: {context: ., dockerfile: docker/Dockerfile}, environment: {DATABASE_URL: "postgres://b@db/b"}}
        === docker/Dockerfile
        FROM node:22
        === apps/a-service/package.json
        {}
        === apps/b-service/package.json
        {}
        === apps/b-service/.env.example
        DATABASE_URL=postgres://b@localhost/b
        === k8s/a.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a-service}
        spec: {template: {spec: {containers: [{name: a, image: a, env: [{name: DATABASE_URL, value: "postgres://a@db/a"}]}]}}}
        """,
        {("a-service", "a"), ("b-service", "b")},
    ),
    "source: what a library falls back to is no service where services are deployed": (
        """
        === compose.yaml
        services:
          db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          api: {build: ./crates/api, environment: {DATABASE_URL: "postgres://a@db/app"}}
          worker: {build: ./crates/worker, environment: {DATABASE_URL: "postgres://a@db/app"}}
        === crates/api/Cargo.toml
        [package]
        === crates/worker/Cargo.toml
        [package]
        === crates/shared/Cargo.toml
        [package]
        === crates/shared/src/config.rs
        url: "postgresql://localhost:5432/other".to_string(),
        """,
        {("api", "app"), ("worker", "app")},
    ),
    "quarkus: a URL of the file's own properties, one of which is a variable": (
        """
        === users/pom.xml
        <project/>
        === users/src/main/resources/application.properties
        database-name=people
        %prod.quarkus.datasource.jdbc.url=jdbc:postgresql://${database-host}:5432/${database-name}
        === feed/pom.xml
        <project/>
        === feed/src/main/resources/application.properties
        quarkus.datasource.jdbc.url=jdbc:postgresql://${database-host}:5432/${database-name:feed}
        === other/pom.xml
        <project/>
        === other/src/main/resources/application.properties
        quarkus.datasource.jdbc.url=jdbc:postgresql://localhost:5432/${database-name}
        """,
        {("users", "people"), ("feed", "feed")},
    ),
    "yaml settings named application with a plain URL": (
        """
        === app-users/Cargo.toml
        [package]
        === app-users/resources/application-local.yml
        database:
          url: postgres://demo@localhost:5432/people?application_name=users
        """,
        {("app-users", "people")},
    ),
    "ecto: a repository with strings, variables, and one of another engine": (
        """
        === auth/mix.exs
        defmodule Auth do end
        === auth/config/dev.exs
        config :auth, Auth.Repo,
          username: "postgres",
          database: "auth_dev",
          pool_size: 10
        === auth/config/test.exs
        config :auth, Auth.Repo,
          database: "auth_test#{System.get_env("PARTITION")}"
        === api/mix.exs
        defmodule Api do end
        === api/config/config.exs
        config :api, ecto_repos: [Api.Repo]

        config :api, Api.Repo,
          # where it is
          hostname: System.get_env("POSTGRES_HOST", "localhost"),
          database: System.get_env("POSTGRES_DB") || "api_dev"
        === old/mix.exs
        defmodule Old do end
        === old/config/dev.exs
        config :old, Old.Repo,
          adapter: Ecto.Adapters.MyXQL,
          database: "old_dev"
        """,
        {("auth", "auth_dev"), ("api", "api_dev")},
    ),
    "compose: a client that runs with the image of the server, beside servers with words of their own": (
        """
        === compose.yaml
        services:
          db: {image: "postgres:17", command: ["-c", "fsync=off"], environment: {POSTGRES_PASSWORD: x, POSTGRES_DB: a}}
          other: {image: "postgres:17", entrypoint: ["sh", "-c", "exec docker-entrypoint.sh postgres; psql -d x"]}
          prepares:
            image: postgres:17
            environment: {PGHOST: db, PGUSER: postgres}
            entrypoint: [psql, -d, postgres, -f, /prepare.sql]
          a: {build: ./a, environment: {DATABASE_URL: "postgres://a@db/a"}}
        """,
        {("a", "a"), ("prepares", "postgres")},
    ),
    "pgbouncer: a name that is not its database's, * with and without one, what each line sets, where logins are": (
        """
        === compose.yaml
        services:
          db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x, POSTGRES_DB: shop}}
          bouncer: {image: "edoburu/pgbouncer", volumes: ["./pool:/etc/pgbouncer"]}
          other: {image: "bitnami/pgbouncer:1", volumes: ["./other:/etc/pgbouncer"]}
          a: {build: ./a, environment: {DATABASE_URL: "postgres://a@bouncer:6432/orders_rw"}}
          b: {build: ./b, environment: {DATABASE_URL: "postgres://b@bouncer:6432/its.own"}}
          c: {build: ./c, environment: {DB_HOST: bouncer, DB_PORT: "6432", DB_NAME: plain}}
          d: {build: ./d, environment: {DATABASE_URL: "postgres://d@bouncer:6432/unlisted"}}
          e: {build: ./e, environment: {DATABASE_URL: "postgres://e@other:6432/anything"}}
          f: {build: ./f, environment: {DATABASE_URL: "postgres://f@db/orders_rw"}}
          g: {build: ./g, environment: {DATABASE_URL: "postgres://g@elsewhere:6432/pooled", DIRECT_URL: "postgres://g@db/behind"}}
        === pool/pgbouncer.ini
        [databases]
        ; foo = host=db dbname=nine
        orders_rw = host=db port=5432 dbname = 'orders' auth_dbname=logins pool_size=5 connect_query='SELECT 1'
        "its.own" = host=db dbname='it''s' pool_mode=session
        plain = host=db user=fixed max_db_connections=3
        * = host=db auth_user=someone
        [pgbouncer]
        pool_mode = transaction
        dbname = nothing
        === other/pgbouncer.ini
        [databases]
        *= host=db dbname=all_of_it
        """,
        {
            ("a", "orders"),
            ("b", "it's"),
            ("c", "plain"),
            ("d", "unlisted"),
            ("e", "all_of_it"),
            ("f", "orders_rw"),
            ("g", "behind"),
        },
    ),
    "quarkus: the profile stands before the key": (
        """
        === orders/pom.xml
        <project/>
        === orders/src/main/resources/application.properties
        quarkus.datasource.db-kind=postgresql
        %dev.quarkus.datasource.jdbc.url=jdbc:postgresql://localhost:5433/orders
        %test.quarkus.datasource.jdbc.url=jdbc:postgresql://localhost:5433/orders_of_tests
        """,
        {("orders", "orders")},
    ),
    "compose: a variable passed on under its own name with a default": (
        """
        === compose.yaml
        services:
          db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          a: {build: ./a, environment: {DB_HOST: "${DB_HOST:-db}", DB_NAME: "${DB_NAME:-a_default}", DB_TYPE: postgres}}
          b: {build: ./b, environment: {DATABASE_URL: "${DATABASE_URL:-postgres://b@db/b}"}}
          search: {image: "getmeili/meilisearch", env_file: [shared.env]}
        === shared.env
        DATABASE_URL=postgres://b@db/b
        """,
        {("a", "a_default"), ("b", "b")},
    ),
    "compose: another engine and another port are not ours": (
        """
        === compose.yaml
        services:
          my: {image: "mysql:8"}
          a: {build: ./a, environment: {DB_HOST: my, DB_NAME: a, DB_USER: u}}
          b: {build: ./b, environment: {DATABASE_URL: "mysql://u@my/b"}}
          c: {build: ./c, environment: {DB_CONNECTION: mysql, DB_DATABASE: c, DB_HOST: elsewhere}}
        """,
        set(),
    ),
    "compose: an override replaces what it names": (
        """
        === docker-compose.yml
        services:
          db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          a: {build: ./a, environment: {DATABASE_URL: "postgres://u@db/a"}}
        === docker-compose.override.yml
        services:
          a: {environment: {LOG: debug}}
        """,
        {("a", "a")},
    ),
    "kubernetes: env, envFrom, keys of ConfigMaps and Secrets, and the service before the server": (
        """
        === k8s/all.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: orders}
        spec:
          template:
            spec:
              containers:
                - name: app
                  image: shop/orders:1
                  envFrom: [{configMapRef: {name: orders-config}}]
                  env:
                    - {name: DB_USER, value: orders}
                    - {name: DB_NAME, valueFrom: {secretKeyRef: {name: orders-db, key: database}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: orders-config}
        data: {DB_HOST: postgres.shop.svc.cluster.local, DB_PORT: "5432"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: orders-db}
        stringData: {database: orders_live, password: s3cr3t-Value}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: postgres}
        spec: {ports: [{port: 5432}], selector: {app: pg}}
        """,
        {("orders", "orders_live")},
    ),
    "kustomize: generated configuration": (
        """
        === base/deployment.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: orders}
        spec: {template: {spec: {containers: [{name: app, image: shop/orders, envFrom: [{configMapRef: {name: db}}]}]}}}
        === base/kustomization.yaml
        configMapGenerator:
          - name: db
            literals: ["DATABASE_URL=postgresql://o@pg/orders"]
        """,
        {("orders", "orders")},
    ),
    "kubernetes: a ConfigMap labelled for a service whose workload is elsewhere": (
        """
        === config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {app.kubernetes.io/name: stock}}
        data: {DATABASE_URL: "postgresql://s@db/stock"}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: unlabelled}
        data: {DATABASE_URL: "postgresql://s@db/nobody"}
        """,
        {("stock", "stock")},
    ),
    "helm: values of a chart with a subchart": (
        """
        === charts/orders/Chart.yaml
        name: orders
        === charts/orders/values.yaml
        env: {DATABASE_URL: "postgresql://o@orders-postgresql/orders"}
        postgresql: {auth: {database: orders, username: o}}
        """,
        {("orders", "orders")},
    ),
    "prisma: six and seven": (
        """
        === services/auth/package.json
        {}
        === services/auth/.env
        DATABASE_URL="postgresql://a:b@localhost:5432/auth_db?schema=public"
        === services/auth/prisma/schema.prisma
        datasource db {
          provider = "postgresql"
          url      = env("DATABASE_URL")
        }
        model User { id Int @id
        }
        === services/org/package.json
        {}
        === services/org/prisma.config.ts
        export default defineConfig({ datasource: { url: process.env.ORG_URL ?? 'postgresql://o@localhost/org' } })
        """,
        {("auth", "auth_db"), ("org", "org")},
    ),
    "sqlalchemy and pydantic: followed to the default, nothing imported": (
        """
        === a/requirements.txt
        sqlalchemy
        === a/settings.py
        class Settings(BaseSettings):
            POSTGRES_DB: str = "a_default"
            @property
            def url(self):
                return PostgresDsn.build(scheme="postgresql", host="db", path=f"{self.POSTGRES_DB}")
        === b/requirements.txt
        psycopg
        === b/db.py
        import os
        NAME = os.environ.get("B_NAME", "b_default")
        conn = psycopg.connect(host="db", dbname=NAME, user="b")
        raise SystemExit("this must never run")
        """,
        {("a", "a_default"), ("b", "b_default")},
    ),
    "alembic: its own placeholder counts for nothing": (
        """
        === a/pyproject.toml
        x = 1
        === a/alembic.ini
        script_location = alembic
        sqlalchemy.url = driver://user:pass@localhost/dbname
        === b/pyproject.toml
        x = 1
        === b/alembic.ini
        sqlalchemy.url = postgresql://b@localhost/b
        """,
        {("b", "b")},
    ),
    "django: settings with an environment, and sqlite": (
        """
        === shop/manage.py
        x = 1
        === shop/shop/settings.py
        import os
        NAME = os.getenv("DB", "shop")
        DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": NAME, "HOST": "db"}}
        === blog/manage.py
        x = 1
        === blog/blog/settings.py
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
        """,
        {("shop", "shop")},
    ),
    "spring: nested defaults, profiles, properties, and the service a configuration file is served to": (
        """
        === orders/pom.xml
        <project/>
        === orders/src/main/resources/application.yml
        spring:
          datasource:
            url: ${DB_URL:jdbc:postgresql://${DB_HOST:localhost}:5432/${DB_NAME:orders}}
        ---
        spring: {config: {activate: {on-profile: test}}, datasource: {url: "jdbc:postgresql://localhost/orders_test"}}
        === bills/build.gradle
        x
        === bills/src/main/resources/application.properties
        # spring.datasource.url=jdbc:postgresql://localhost/commented
        spring.datasource.url=jdbc:postgresql://localhost/bills
        === config-repo/stock-prod.yml
        spring.datasource.url: jdbc:postgresql://db/stock
        """,
        {("orders", "orders"), ("bills", "bills"), ("stock", "stock")},
    ),
    "node: knex, typeorm, sequelize, pg; a comment and another engine do not count": (
        """
        === a/package.json
        {}
        === a/knexfile.js
        // connection: 'postgres://u@h/commented'
        module.exports = { client: 'pg', connection: { host: 'db', user: 'a', database: process.env.A_DB || 'a' } };
        === b/package.json
        {}
        === b/src/data-source.ts
        new DataSource({ type: 'postgres', host: 'db', username: 'b', database: 'b' })
        === c/package.json
        {}
        === c/db.js
        const pool = new Pool({ connectionString: process.env.DATABASE_URL || 'postgres://c@db/c' });
        === d/package.json
        {}
        === d/db.ts
        new DataSource({ type: 'mysql', host: 'db', username: 'd', database: 'd' }) // not postgres
        """,
        {("a", "a"), ("b", "b"), ("c", "c")},
    ),
    "rails: erb, environments": (
        """
        === blog/Gemfile
        gem "pg"
        === blog/config/database.yml
        default: &default
          adapter: postgresql
        production:
          <<: *default
          database: <%= ENV.fetch("DB_NAME", "app_production") %>
        test:
          <<: *default
          database: app_test
        """,
        {("blog", "app_production")},
    ),
    ".net: settings with comments, both engines, Aspire": (
        """
        === src/Catalog.API/Catalog.API.csproj
        <Project/>
        === src/Catalog.API/appsettings.json
        {
          // where the catalogue lives
          "ConnectionStrings": {
            "Catalog": "Host=localhost;Port=5432;Database=catalog;Username=c;Password=x",
            "Old": "Server=.;Database=old;Trusted_Connection=True;TrustServerCertificate=True"
          }
        }
        === src/Host/Host.csproj
        <Project/>
        === src/Host/Program.cs
        var pg = builder.AddPostgres("pg");
        var basket = pg.AddDatabase("basketdb");
        builder.AddProject<Projects.Basket>("basket-api").WithReference(basket);
        """,
        {("Catalog.API", "catalog"), ("basket-api", "basketdb")},
    ),
    "go, toml and json: whole strings and spelled-out settings": (
        """
        === a/go.mod
        module a
        === a/main.go
        // sql.Open("postgres", "postgres://u@h/commented")
        db, _ := sql.Open("postgres", fmt.Sprintf("postgres://u:%s@db/a", pw))
        === b/Cargo.toml
        [package]
        === b/config/default.toml
        [postgres]
        host = "db"
        user = "b"
        dbname = "b"
        === c/package.json
        {}
        === c/config/production.json
        {"postgres": {"host": "db", "user": "c", "dbName": "c"}, "redis": {"host": "r", "user": "x", "name": "z"}}
        """,
        {("a", "a"), ("b", "b"), ("c", "c")},
    ),
    "what only tests read is no database of the service": (
        """
        === a/package.json
        {}
        === a/.env.test
        DATABASE_URL=postgresql://a@localhost/a_test
        === a/tests/db.py
        engine = create_engine("postgresql://a@localhost/b_test")
        === .github/workflows/ci.yml
        jobs: {test: {services: {postgres: {image: "postgres:17", env: {POSTGRES_DB: ci_test}}}}}
        """,
        set(),
    ),
}


@pytest.mark.parametrize("name", USES)
def test_what_a_format_says_of_databases(name: str) -> None:
    text, expected = USES[name]
    assert uses(discovered(files_of(text))) == expected


MADE = {
    "a loop over the list of a mounted script": (
        """
        === compose.yaml
        services:
          db:
            image: postgres:17
            environment: {POSTGRES_PASSWORD: x, POSTGRES_MULTIPLE_DATABASES: "a, b"}
            volumes: ["./init.sh:/docker-entrypoint-initdb.d/init.sh:ro"]
        === init.sh
        function create() {
          psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<-EOSQL
            CREATE DATABASE $1;
        EOSQL
        }
        for db in $(echo $POSTGRES_MULTIPLE_DATABASES | tr ',' ' '); do create $db; done
        """,
        {"a", "b", "postgres"},
    ),
    "shell: psql -c, createdb, a list of its own, a comment": (
        """
        === setup.sh
        psql -U postgres -c "CREATE DATABASE one"
        createdb -U postgres -O owner two
        # createdb nine
        for name in three four; do
          psql -c "CREATE DATABASE $name;"
        done
        """,
        {"one", "two", "three", "four"},
    ),
    "sql: gexec, quoted names, comments, strings": (
        """
        === init.sql
        -- CREATE DATABASE nine;
        /* CREATE DATABASE nine; */
        CREATE DATABASE "Mixed Case";
        CREATE DATABASE Folded OWNER someone;
        SELECT 'CREATE DATABASE by_gexec' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'x')\\gexec
        INSERT INTO notes VALUES ('CREATE DATABASE nine;');
        """,
        {"Mixed Case", "folded", "by_gexec"},
    ),
    "kubernetes: init scripts of a ConfigMap": (
        """
        === db.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: init}
        data:
          init.sql: |
            CREATE DATABASE a;
            CREATE DATABASE b;
        """,
        {"a", "b"},
    ),
    "operators": (
        """
        === c.yaml
        apiVersion: postgresql.cnpg.io/v1
        kind: Cluster
        metadata: {name: main}
        spec: {bootstrap: {initdb: {database: orders, owner: o}}}
        ---
        apiVersion: postgresql.cnpg.io/v1
        kind: Database
        metadata: {name: x}
        spec: {name: bills, owner: b, cluster: {name: main}}
        === z.yaml
        apiVersion: acid.zalan.do/v1
        kind: postgresql
        metadata: {name: z}
        spec: {databases: {stock: s}}
        === p.yaml
        apiVersion: postgres-operator.crunchydata.com/v1beta1
        kind: PostgresCluster
        metadata: {name: hippo}
        spec: {users: [{name: u, databases: [zoo]}]}
        """,
        {"orders", "bills", "stock", "zoo"},
    ),
    "terraform": (
        """
        === main.tf
        variable "name" { default = "orders" }
        resource "postgresql_database" "o" {
          name = var.name
        }
        resource "aws_db_instance" "m" {
          engine = "postgres"
          db_name = "main"
        }
        resource "aws_db_instance" "other" {
          engine = "mysql"
          db_name = "nine"
        }
        """,
        {"orders", "main"},
    ),
    "a Dockerfile with its scripts": (
        """
        === db/Dockerfile
        FROM postgres:17 AS base
        ENV POSTGRES_DB=shop
        COPY init.sql /docker-entrypoint-initdb.d/
        === db/init.sql
        CREATE DATABASE more;
        === compose.yaml
        services: {db: {build: ./db, environment: [POSTGRES_PASSWORD=x]}}
        """,
        {"shop", "more"},
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_a_format_creates(name: str) -> None:
    text, expected = MADE[name]
    assert made(discovered(files_of(text))) == expected


TABLES = {
    "flyway, goose, golang-migrate": (
        """
        === a/pom.xml
        <project/>
        === a/src/main/resources/db/migration/V1__init.sql
        CREATE TABLE orders.line (id int, item text REFERENCES orders.item);
        === b/go.mod
        module b
        === b/migrations/1.sql
        -- +goose Up
        CREATE TABLE up (id int);
        -- +goose Down
        CREATE TABLE down (id int);
        === b/migrations/2_x.up.sql
        CREATE TABLE two (id int);
        === b/migrations/2_x.down.sql
        CREATE TABLE nine (id int);
        === b/other.sql
        CREATE TABLE `mysql` (id int AUTO_INCREMENT) ENGINE=InnoDB;
        """,
        {("a", "orders.line"), ("b", "up"), ("b", "two")},
    ),
    "orm models and migrations": (
        """
        === py/pyproject.toml
        x = 1
        === py/models.py
        from sqlalchemy import Column
        class A(Base):
            __tablename__ = "a"
            __table_args__ = {"schema": "s"}
            id = Column(Integer)
        === py/versions/1.py
        from alembic import op
        def upgrade():
            op.create_table("b", sa.Column("id", sa.Integer))
        def downgrade():
            op.create_table("nine")
        === dj/manage.py
        x = 1
        === dj/blog/migrations/0001_initial.py
        from django.db import migrations
        class Migration(migrations.Migration):
            operations = [migrations.CreateModel(name="Post", fields=[("id", models.AutoField())])]
        === js/package.json
        {}
        === js/migrations/1.js
        exports.up = (knex) => knex.schema.createTable('k', (t) => {});
        === js/schema.ts
        export const d = pgTable('d', {});
        @Entity({ name: 'e' }) class E {}
        === rb/Gemfile
        x
        === rb/db/schema.rb
          create_table "r", force: :cascade do |t|
            t.string "name"
          end
        === net/Net.csproj
        <Project/>
        === net/Migrations/1.cs
        migrationBuilder.CreateTable(
            name: "n",
            schema: "s",
            columns: table => new {});
        === lb/pom.xml
        <project/>
        === lb/db/changelog-1.xml
        <databaseChangeLog><changeSet><createTable tableName="l"><column name="i" type="int"/></createTable></changeSet>
        </databaseChangeLog>
        === pr/package.json
        {}
        === pr/schema.prisma
        model Thing {
          id Int @id
          @@map("things")
          @@schema("s")
        }
        """,
        {("py", "s.a"), ("py", "b"), ("dj", "blog_post"), ("js", "k"), ("js", "d"), ("js", "e"), ("rb", "r"),
         ("net", "s.n"), ("lb", "l"), ("pr", "s.things")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_what_a_format_says_of_tables(name: str) -> None:
    text, expected = TABLES[name]
    assert tables(discovered(files_of(text))) == expected


def test_a_pool_a_role_and_a_setting_are_read() -> None:
    found = discovered(
        files_of(
            """
            === pgbouncer.ini
            [databases]
            orders = host=db dbname=orders_live
            [pgbouncer]
            admin_users = x
            === init.sql
            CREATE ROLE boss SUPERUSER LOGIN;
            ALTER SYSTEM SET shared_buffers = '1GB';
            """
        )
    )
    assert [(p.alias, p.database, p.host) for p in found.of(Pooled)] == [("orders", "orders_live", "db")]
    assert [(r.role, r.superuser) for r in found.of(RoleMade)] == [("boss", True)]
    assert [s.name for s in found.of(SettingMade)] == ["shared_buffers"]


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "binary": bytes(range(256)) * 20,
    "not utf-8": "DATABASE_URL=postgresql://ü@db/ü".encode("latin-1"),
    "deep brackets": b"[" * 100_000,
    "deep yaml": b"\n".join(b" " * i + b"a:" for i in range(900)),
    "alias bomb": b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 120)),
    "alias loop": b"services: &s\n  a: *s\n",
    "html": b"services: {\"<script>alert(1)</script>\": {image: postgres, environment: {POSTGRES_DB: '<b>'}}}",
    "newline names": b'services: {"a\\nb": {build: ., environment: {DATABASE_URL: "postgres://u@h/d%0ad"}}}',
    "python that is none": b"DATABASES = {\ndef postgres(: create_engine(",
    "entity": b'<!DOCTYPE x [<!ENTITY a "b">]><databaseChangeLog>&a;</databaseChangeLog>',
    "deep operators": b"SELECT " + b"1 + " * 60_000 + b"1;\nx = " + b"-" * 60_000 + b"1",
    "deep parentheses": b"SELECT " + b"(" * 60_000 + b"\nx = " + b"(" * 60_000,
    "open quotes": b"CREATE TABLE 'x ( \"y $$ DATABASE_URL=\"postgres://",
    "null bytes": b"services:\x00\n  a:\x00",
    "numbers": b"services: {1: {image: 2, environment: {3: 4}, env_file: [5], build: 6, volumes: [7]}}",
    "lists for maps": b"services: [a, b]\nkind: Deployment\napiVersion: v1\nspec: [1]\nDATABASES = [1]",
}  # fmt: skip
NAMES = (
    "compose.yaml", "k8s.yaml", "values.yaml", "kustomization.yaml", ".env", "a.sql", "a.sh", "schema.prisma",
    "prisma.config.ts", "alembic.ini", "versions/a.py", "app/migrations/0001_a.py", "settings.py", "application.yml",
    "application.properties", "flyway.conf", "changelog.xml", "changelog.yaml", "knexfile.js", "config/database.yml",
    "db/schema.rb", "appsettings.json", "a.cs", "pgbouncer.ini", "main.tf", ".github/workflows/a.yml", "README.md",
    "main.go", "config.json", "config.toml", "build.gradle", "a.nomad", "Dockerfile", "prefect.toml", "config/dev.exs",
)  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_file_makes_a_reader_fail(kind: str) -> None:
    found = discovered(dict.fromkeys(NAMES, HOSTILE[kind]))
    assert all(finding.title for finding in found.findings)


def test_every_reader_is_met_by_the_hostile_files() -> None:
    wanted = {name for name, reader in members().items() for path in NAMES if reader.wants(path)}
    assert wanted == set(members())


def test_what_cannot_be_read_is_said() -> None:
    found = discovered(
        {"compose.yaml": "services: [", "k8s.yaml": "kind: x\napiVersion: [", "settings.py": "DATABASES = {"}
    )
    assert {fact.at.file for fact in found.of(Unreadable)} == {"compose.yaml", "k8s.yaml", "settings.py"}


def test_a_reader_that_stumbles_is_a_finding_and_no_traceback() -> None:
    reader = next(iter(members().values()))
    from dataclasses import replace

    from support.repository import sources

    def stumble(source: object) -> object:
        raise KeyError("x")

    broken = replace(reader, read=stumble)
    [fact] = broken.facts(sources({"a": "b"})[0])
    assert isinstance(fact, Unreadable)
    assert "stumbled" in fact.why


def test_a_discovery_is_the_same_whatever_the_order_of_files() -> None:
    text, _ = USES["compose: list, map, anchor, interpolation, default and env_file"]
    files = files_of(text)
    from freehold.discover.run import discover
    from support.repository import sources

    forward = discover(sources(files))
    backward = discover(list(reversed(sources(files))))
    assert forward.as_json() == backward.as_json()
