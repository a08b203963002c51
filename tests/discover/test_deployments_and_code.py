"""How services and databases find each other in whole repositories: what is meant for whom, and what is nobody's.

Each case holds, beside what must be found, what looks like it and must not be: a decoy.
"""

from __future__ import annotations

import pytest

from freehold.discover import places
from freehold.discover.model import Discovery
from support.repository import discovered, files_of


def edges(discovery: Discovery) -> set[tuple[str, str]]:
    return {(service.name, database) for service in discovery.services for database in service.databases}


CASES = {
    "code: what it falls back to, in several languages and over two lines": (
        """
        === go/go.mod
        module go
        === go/config.go
        Port: getEnvInt("DB_PORT", 5432), Name: getEnv("DB_NAME", "go_calls"),
        // Name: getEnv("DB_DATABASE", "a_comment"),
        === tags/go.mod
        module tags
        === tags/config.go
        Host string `env:"PG_HOST" envDefault:"localhost"`
        Name string `env-default:"go_tags" env:"PG_NAME"`
        Cache string `env:"REDIS_NAME" envDefault:"a_cache"`
        === viper/go.mod
        module viper
        === viper/postgres.go
        viper.SetDefault("POSTGRES_DB", "go_viper")
        === rust/Cargo.toml
        [package]
        === rust/src/main.rs
        let name = env::var("POSTGRES_DB").unwrap_or_else(|_| "rust_db".to_string());
        === kotlin/build.gradle.kts
        plugins {}
        === kotlin/src/App.kt
        val name = System.getenv("POSTGRES_DB") ?: "kotlin_db"
        === net/net.csproj
        <Project/>
        === net/Program.cs
        var name = Env("POSTGRES_DB",
            "net_db");
        === node/package.json
        {}
        === node/config.ts
        export default { name: process.env.POSTGRES_DB || 'node_db' };
        === node/config.spec.ts
        const name = process.env.POSTGRES_DB || 'a_test';
        === mysql/go.mod
        module mysql
        === mysql/config.go
        getEnv("MYSQL_DATABASE", "of_mysql"); getEnv("SQLITE_DB_NAME", "of_sqlite")
        """,
        {
            ("go", "go_calls"), ("tags", "go_tags"), ("viper", "go_viper"), ("rust", "rust_db"),
            ("kotlin", "kotlin_db"), ("net", "net_db"), ("node", "node_db"),
        },
    ),
    "compose: by what it holds, arguments of the build, strings in a command": (
        """
        === deploy/temporal.yaml
        services:
          pg: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          temporal: {image: temporalio/auto-setup, environment: {POSTGRES_DB: temporal, POSTGRES_SEEDS: pg}}
          auth: {build: {context: ../auth, args: ["PG_HOST=pg", "PG_DBNAME=auth"]}}
          migrate: {image: migrate/migrate, command: ["-database", "postgres://u:p@pg:5432/auth?sslmode=disable", "up"]}
        === src/services.yaml
        services:
          App\\Db: {arguments: {dsn: "postgres://u@h/decoy"}}
        === settings/others.yaml
        services:
          web: {image: web, environment: {DATABASE_URL: "postgres://u@h/web"}}
          port: 80
        """,
        {("temporal", "temporal"), ("auth", "auth"), ("migrate", "auth")},
    ),
    "kubernetes: containers before the first, strings in a command": (
        """
        === k8s/app.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: app}
        spec:
          template:
            spec:
              initContainers: [{name: migrate, image: app, env: [{name: DATABASE_URL, value: "postgres://u@pg/app"}]}]
              containers: [{name: app, image: app}]
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: fill}
        spec: {template: {spec: {containers: [{name: f, image: f, args: ["--to", "postgres://u@pg/filled"]}]}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: pg}
        spec:
          template:
            spec:
              initContainers: [{name: wait, image: busybox, env: [{name: POSTGRES_DB, value: decoy}]}]
              containers: [{name: pg, image: "postgres:17"}]
        """,
        {("app", "app"), ("fill", "filled")},
    ),
    "one Secret for all: who asks for a variable": (
        """
        === k8s/all.yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: all}
        stringData: {POSTGRES_DB: shop, CART_DB_URL: "postgres://u@pg/cart", OTHER_DB_URL: "postgres://u@pg/other"}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart-deployment}
        spec: {template: {spec: {containers: [{name: c, image: shop/cart, envFrom: [{secretRef: {name: all}}]}]}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: etl}
        spec: {template: {spec: {containers: [{name: c, image: shop/etl, envFrom: [{secretRef: {name: all}}]}]}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: chat}
        spec: {template: {spec: {containers: [{name: c, image: shop/chat, envFrom: [{secretRef: {name: all}}]}]}}}
        === cart/package.json
        {}
        === cart/db.ts
        export const url = config.CART_DB_URL;
        === etl/package.json
        {}
        === etl/main.ts
        if (!process.env.CART_DB_URL) throw new Error();
        === chat/package.json
        {}
        === chat/main.ts
        connect(process.env.MONGO_URL, process.env.REDIS_DB);
        """,
        {("cart-deployment", "cart"), ("etl", "cart")},
    ),
    "one variable for all, which only some mention": (
        """
        === compose.yaml
        services:
          pg: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          one: {build: ./one, env_file: all.env}
          two: {build: ./two, env_file: all.env}
          three: {image: somebody/three, env_file: all.env}
          nats: {image: "nats:2", env_file: all.env}
        === all.env
        POSTGRES_HOST=pg
        POSTGRES_DB=shop
        === one/pyproject.toml
        [project]
        === one/settings.py
        postgres_db: str
        === two/pyproject.toml
        [project]
        === two/settings.py
        redis_db: int = 0
        """,
        {("one", "shop"), ("three", "shop")},
    ),
    "python: settings of a class are its own, a file is no database": (
        """
        === bank/pyproject.toml
        [project]
        === bank/settings.py
        class Settings(BaseSettings):
            DB_NAME: str = "app"
            @property
            def url(self):
                return f"postgresql+asyncpg://{self.DB_USER}@{self.DB_HOST}/{self.DB_NAME}"
        class Wider(BaseSettings):
            DB_NAME: str = "wider"
            @property
            def url(self):
                return "sqlite:///{name}".format(name=self.DB_NAME)
        === lite/pyproject.toml
        [project]
        === lite/.env
        DATABASE_URL=postgres://u@h/app.sqlite3
        """,
        {("bank", "app")},
    ),
    "spring: settings of a common module, for those who take them in and have a driver": (
        """
        === common-module/build.gradle.kts
        implementation("org.postgresql:postgresql")
        === common-module/src/main/resources/application-common.yaml
        spring: {datasource: {url: "jdbc:postgresql://${DB_HOST:localhost}/${DB_NAME:food}"}}
        === order/build.gradle.kts
        implementation("org.springframework.boot:spring-boot-starter-data-jpa")
        === order/src/main/resources/application.yaml
        spring: {config: {import: "classpath:application-common.yaml"}}
        === pay/build.gradle.kts
        runtimeOnly("org.postgresql:postgresql")
        === pay/src/main/resources/application.properties
        spring.profiles.include=common
        === gateway/build.gradle.kts
        implementation(project(":common-module")) { exclude(module = "spring-boot-starter-data-jpa") }
        === gateway/src/main/resources/application.yaml
        spring: {config: {import: "classpath:application-common.yaml"}}
        === mail/build.gradle.kts
        implementation("org.postgresql:postgresql")
        === mail/src/main/resources/application.yaml
        spring: {application: {name: mail}}
        """,
        {("order", "food"), ("pay", "food")},
    ),
    "a library with settings of its own": (
        """
        === src/BuildingBlocks.Web/BuildingBlocks.Web.csproj
        <Project/>
        === src/BuildingBlocks.Web/appsettings.json
        {"ConnectionStrings": {"Messages": "Host=pg;Database=messages;Username=u"}}
        === src/Orders/Orders.csproj
        <Project/>
        === src/Orders/appsettings.json
        {"Database": {"Host": "localhost", "Port": 5432, "Database": "orders", "Username": "postgres"},
         "Cache": {"Host": "localhost", "Port": 6379, "Database": "decoy", "Username": "u"}}
        """,
        {("Orders", "orders")},
    ),
    "helm: a chart that goes through its services": (
        """
        === chart/Chart.yaml
        name: chart
        === chart/values.yaml
        database: {host: rds, port: "5432", name: decoy}
        services:
          orders: {image: orders, env: {DATABASE_URL: "postgres://u@rds/orders"}}
          mail: {image: mail}
        === single/Chart.yaml
        name: single
        === single/values.yaml
        database: {host: rds, port: "5432", name: single}
        image: {repository: single}
        """,
        {("orders", "orders"), ("single", "single")},
    ),
    "a workspace with one env file at its root": (
        """
        === package.json
        {}
        === .env.example
        POSTGRES_HOST=localhost
        POSTGRES_DB=shop
        === apps/orders/tsconfig.app.json
        {}
        === apps/orders/src/main.ts
        connect({ database: process.env.POSTGRES_DB });
        === apps/gateway/tsconfig.app.json
        {}
        === apps/gateway/src/main.ts
        listen(process.env.PORT);
        === libs/database/package.json
        {}
        === libs/database/index.ts
        export const name = process.env.POSTGRES_DB;
        """,
        {("orders", "shop")},
    ),
    "settings that are shown to people": (
        """
        === bank/pom.xml
        <project/>
        === bank/src/main/resources/application.yml
        spring: {datasource: {url: "jdbc:postgresql://h/app"}}
        === bank/docs/application.yml
        spring: {datasource: {url: "jdbc:postgresql://h/decoy"}}
        === build.gradle
        plugins {}
        === deploy/examples/application.yml
        spring: {datasource: {url: "jdbc:postgresql://h/decoy"}}
        === examples/pom.xml
        <project/>
        === examples/src/main/resources/application.yml
        spring: {datasource: {url: "jdbc:postgresql://h/a_program"}}
        """,
        {("bank", "app"), ("examples", "a_program")},
    ),
    "names of the parts that known programs use, and a server that only speaks like ours": (
        """
        === compose.yaml
        services:
          pg: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          roach: {image: "cockroachdb/cockroach:v24"}
          keycloak: {image: keycloak, environment: {KC_DB: postgres, KC_DB_URL_HOST: pg, KC_DB_URL_DATABASE: kc}}
          n8n: {image: n8n, environment: {DB_TYPE: postgresdb, DB_POSTGRESDB_HOST: pg, DB_POSTGRESDB_DATABASE: flows}}
          nest: {image: nest, environment: {TYPEORM_HOST: pg, TYPEORM_DATABASE: nest}}
          bank: {image: bank, environment: {DATABASE_URL: "postgresql://root@roach:26257/decoy"}}
        """,
        {("keycloak", "kc"), ("n8n", "flows"), ("nest", "nest")},
    ),
    "env files named after services, of one folder, made of its template": (
        """
        === package.json
        {}
        === order/go.mod
        module order
        === order/cmd/order/main.go
        package main
        === stock/cmd/stock/main.go
        package main
        === deploy/env/.env.template
        ORDER_POSTGRES_DB=orders
        === deploy/env/order.env.template
        POSTGRES_HOST=localhost
        POSTGRES_DB=${ORDER_POSTGRES_DB}
        === deploy/env/all.env
        POSTGRES_HOST=localhost
        POSTGRES_DB=decoy
        """,
        {("order", "orders")},
    ),
    "a server whose image is a variable": (
        """
        === compose.yaml
        services:
          store: {image: "${POSTGRES_IMAGE_NAME}", environment: {POSTGRES_DB: shop, POSTGRES_PASSWORD: x}}
          told: {image: "${IMAGE_OF_STORE}", environment: {POSTGRES_DB: told, POSTGRES_PASSWORD: x}}
          api: {image: "${API_IMAGE}", environment: {DB_HOST: store, DB_NAME: shop}}
        === .env.example
        IMAGE_OF_STORE=postgres:17
        API_IMAGE=shop/api
        """,
        {("api", "shop")},
    ),
    "one program of a workspace, beside its libraries": (
        """
        === Cargo.toml
        [workspace]
        === .env.example
        APP.POSTGRES.DSN=postgres://u@localhost/shop
        === crates/web/Cargo.toml
        [package]
        === crates/web/src/main.rs
        fn main() {}
        === crates/core/Cargo.toml
        [package]
        """,
        {("web", "shop")},
    ),
    "a program that no deployment starts, and one that only helps": (
        """
        === compose.yaml
        services:
          pg: {image: "postgres:17", environment: {POSTGRES_PASSWORD: x}}
          web: {build: ./web, environment: {DATABASE_URL: "postgres://u@pg/web"}}
        === web/package.json
        {}
        === info/cmd/info/main.go
        db, err := postgres.Connect(&postgres.ConnectionInfo{
            Name:     getEnv("DB_OURS", "info"),
            Host:     getEnv("ADDR_OURS", "localhost"),
        })
        === tools/cmd/migrate-all/main.go
        getEnv("POSTGRES_DB", "decoy")
        """,
        {("web", "web"), ("info", "info")},
    ),
    "nomad: jobs, and folders that are called like them": (
        """
        === nomad/user.nomad
        job "user-microservice" {
          group "g" {
            task "user" {
              driver = "docker"
              env { DATABASE_URL = "postgres://u@${NOMAD_UPSTREAM_ADDR_pg}/users" }
              config { image = "somebody/user" }
            }
          }
        }
        === nomad/pg.nomad
        job "pg" { group "g" {
            task "pg" {
              env {
                POSTGRES_DB = "users"
              }
              config {
                image = "postgres"
              }
        } } }
        === user-microservices/build.gradle
        plugins {}
        === user-microservices/src/Db.kt
        Database.connect("jdbc:postgresql://$DB_URL/other")
        """,
        {("user-microservice", "users"), ("user-microservice", "other")},
    ),
    "a configuration server with files for each, and a folder called config that is a program's own": (
        """
        === settings/build.gradle
        plugins {}
        === settings/src/main/resources/config/files-dev.yml
        spring: {datasource: {druid: {master: {url: "jdbc:postgresql://h/files"}}}}
        === settings/src/main/resources/config/files-tst.yml
        spring: {datasource: {druid: {master: {url: "jdbc:postgresql://h/decoy"}}}}
        === node/package.json
        {}
        === node/config/default.yml
        db: {url: "postgres://u@h/node"}
        """,
        {("files", "files"), ("node", "node")},
    ),
    "a workspace whose settings are a library's, for the program that speaks of its mapper": (
        """
        === package.json
        {}
        === .env.serve.development
        TYPEORM_CONNECTION=postgres
        TYPEORM_HOST=localhost
        TYPEORM_DATABASE=shop
        NOBODYS_DATABASE_URL=postgres://u@h/decoy
        === apps/services/identity/tsconfig.app.json
        {}
        === apps/services/identity/src/app.module.ts
        imports: [TypeOrmModule.forRootAsync({ useClass: TypeOrmConfigService })]
        === apps/services/gateway/tsconfig.app.json
        {}
        === apps/services/gateway/src/app.module.ts
        imports: [ClientsModule]
        === libs/core/src/settings.ts
        return { database: this.environment.get('TYPEORM_DATABASE') };
        """,
        {("identity", "shop")},
    ),
    "names of deployments, projects and folders that mean one service": (
        """
        === k8s/auth.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: auth-depl}
        spec: {template: {spec: {containers: [{name: a, image: a, env: [{name: DATABASE_URL, value: "postgres://a@pg/auth"}]}]}}}
        === auth/pyproject.toml
        [project]
        === auth/.env
        DATABASE_URL=postgres://a@localhost/auth_dev
        === compose.yaml
        services:
          catalog-service:
            build: {context: ., dockerfile: src/Catalog/Dockerfile}
            environment: ["ConnectionStrings__Db=Host=pg;Database=catalog;Username=u"]
        === src/Catalog/Dockerfile
        FROM sdk
        === src/Catalog/Shop.Catalog.API/Shop.Catalog.API.csproj
        <Project/>
        === src/Promotion/Shop.Promotion.API/Shop.Promotion.API.csproj
        <Project/>
        === src/Promotion/Shop.Promotion.API/Db.cs
        using Npgsql; var c = "Host=localhost;Database=promotion;Username=u";
        === host/host.csproj
        <Project/>
        === host/Program.cs
        var pg = builder.AddPostgres("pg");
        var catalogDb = pg.AddDatabase("catalogdb", "catalog");
        var promotionDb = pg.AddDatabase("promotiondb", "promotion");
        builder.AddProject<Projects.Shop_Catalog_API>("catalog").WithReference(catalogDb);
        builder.AddProject<Projects.Shop_Promotion_API>("promotion").WithReference(promotionDb);
        """,
        {("auth-depl", "auth"), ("auth-depl", "auth_dev"), ("catalog", "catalog"), ("promotion", "promotion")},
    ),
    "make": (
        """
        === order/go.mod
        module order
        === order/Makefile
        DB_URL=postgresql://root:secret@localhost:5432/orders?sslmode=disable
        # OLD_URL=postgresql://root:secret@localhost:5432/decoy
        """,
        {("order", "orders")},
    ),
    "a chart with workloads, a template of Terraform": (
        """
        === chart/Chart.yaml
        name: chart
        === chart/values.yaml
        pay: {workload: {image: pay}, env: {DB_HOST: pg, DB_PORT: "5432", DB_NAME: pay}}
        limits: {env: {DB_HOST: pg, DB_PORT: "5432", DB_NAME: decoy}}
        === terraform/docker-compose.tftpl
        services:
          mail: {image: "${registry}/mail", environment: ["DATABASE_URL=postgres://u@pg/mail"]}
        """,
        {("pay", "pay"), ("mail", "mail")},
    ),
    "kubernetes: files of settings in ConfigMaps and Secrets, for those that mount them": (
        """
        === k8s/all.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: order-config}
        data:
          application.yml: |
            spring:
              datasource: {url: "jdbc:postgresql://pg:5432/orders"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: mail-secret}
        stringData:
          .env: |
            DB_HOST=pg.postgres
            DB_PORT=5432
            DATABASE_URL=postgres://u@pg/mail
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: nobodys}
        data: {"application.properties": "spring.datasource.url=jdbc:postgresql://pg/decoy"}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: order}
        spec:
          template:
            spec:
              volumes: [{name: v, configMap: {name: order-config}}]
              containers: [{name: o, image: o}]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: mail}
        spec:
          template:
            spec:
              volumes: [{name: v, secret: {secretName: mail-secret}}]
              containers: [{name: m, image: m}]
        """,
        {("order", "orders"), ("mail", "mail")},
    ),
    "aspire: typed variables, a server and its database in one statement, projects of one name": (
        """
        === host/host.csproj
        <Project/>
        === host/AppHost.cs
        IResourceBuilder<PostgresDatabaseResource> authDb = builder
            .AddPostgres("auth-db")
            .WithPgAdmin()
            .AddDatabase("auth");
        IResourceBuilder<SqlServerDatabaseResource> otherDb = builder.AddSqlServer("other").AddDatabase("decoy");
        // builder.AddProject<Projects.Nobody>("nobody").WithReference(authDb);
        IResourceBuilder<ProjectResource> authService = builder
            .AddProject<Projects.Auth_Api>("authservice")
            .WithReference(authDb)
            .WithReference(otherDb);
        builder.AddProject<Projects.Gateway>("gateway").WithReference(authService);
        === src/AuthService/Web.Api/Auth.Api.csproj
        <Project/>
        === src/AuthService/Web.Api/appsettings.json
        {"ConnectionStrings": {"Db": "Host=localhost;Port=5433;Database=auth_local;Username=u"}}
        === src/OrderService/Web.Api/Orders.Api.csproj
        <Project/>
        === src/OrderService/Web.Api/appsettings.json
        {"ConnectionStrings": {"Db": "Host=localhost;Port=5433;Database=orders;Username=u"}}
        """,
        {("authservice", "auth"), ("authservice", "auth_local"), ("OrderService", "orders")},
    ),
    "one program built from the root, and several": (
        """
        === one/compose.yaml
        services:
          story: {build: {context: .., dockerfile: Dockerfile}}
          chat: {build: {context: .., dockerfile: Dockerfile}}
        === Dockerfile
        FROM golang
        === go.mod
        module x
        === story/config/config.go
        dsn := getEnv("POSTGRES_DSN", "host=localhost user=postgres dbname=stories port=5432")
        === story/db/postgres.go
        re.ReplaceAllString(dsn, "dbname=decoy")
        === scripts/fill.go
        dsn := "host=localhost user=postgres dbname=decoy2 port=5432"
        """,
        {("story", "stories")},
    ),
    "a chart of a server, and a name that a configuration server makes longer": (
        """
        === db/postgres-db/values.yaml
        container: {image: {repository: postgres}}
        env: {POSTGRES_DB: decoy, POSTGRES_USER: u}
        === compose.yaml
        services:
          invoice-v1: {image: somebody/invoice, environment: ["POSTGRES_DOMAIN=pg:5432"]}
        === settings/build.gradle
        plugins {}
        === settings/src/main/resources/config/business-invoice-v1-dev.yaml
        spring: {datasource: {url: "jdbc:postgresql://${POSTGRES_DOMAIN}/invoices"}}
        """,
        {("invoice-v1", "invoices")},
    ),
    "a pod with its servers, jobs of a pipeline, settings of convict": (
        """
        === k8s/pod.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: whole}
        spec:
          template:
            spec:
              containers:
                - {name: pg, image: "postgres:17", env: [{name: POSTGRES_DB, value: decoy}]}
                - {name: app, image: whole, env: [{name: PG_HOST, value: 127.0.0.1}, {name: PG_DBNAME, value: whole}]}
        === ci/pipeline.yml
        services: ["postgres:17"]
        build: {image: build, environment: {DATABASE_URL: "postgres://u@h/decoy"}}
        === node/package.json
        {}
        === node/config.ts
        import * as convict from 'convict';
        export default convict({ db: {
          host: { format: 'ipaddress', default: 'localhost', env: 'PG_HOST' },
          name: { doc: 'Database name', default: 'convicted', env: 'PG_NAME' },
        }, cache: { name: { default: 'decoy', env: 'CACHE_NAME' } } });
        """,
        {("whole", "whole")},
    ),
    "convict where nothing is deployed": (
        """
        === node/package.json
        {}
        === node/config.ts
        export default convict({ db: { name: { doc: 'Database name', default: 'convicted', env: 'PG_NAME' } } });
        """,
        {("node", "convicted")},
    ),
    "code: helpers of any name, and other ways to say a default": (
        """
        === go/go.mod
        module go
        === go/config.go
        Host: getString("DB_HOST", "postgres"), Port: getInt("DB_PORT", 5432), Name: getString("DB_NAME", "helped"),
        Log: print("DB_DATABASE", "a_message"), Set: setString("DB_SCHEMA_NAME", "given"),
        Topic: getString("name", "no_variable"),
        === node/package.json
        {}
        === node/src/env.ts
        const port = toNumber('POSTGRES_PORT', process.env.POSTGRES_PORT, 5432)
        const db = toText('POSTGRES_DB', process.env.POSTGRES_DB, 'given_on')
        === bracket/package.json
        {}
        === bracket/env.ts
        const db = process.env['PG_DATABASE'] ?? 'in_brackets'
        === php/composer.json
        {}
        === php/db.php
        <?php $name = $_ENV['PG_DATABASE'] ?? 'php_db';
        === py/requirements.txt
        psycopg
        === py/settings.py
        import os
        PG_NAME = os.environ.get("PG_NAME", "python_db")
        # PG_NAME = os.getenv("PG_NAME", "a_comment")
        """,
        {("go", "helped"), ("node", "given_on"), ("bracket", "in_brackets"), ("php", "php_db"), ("py", "python_db")},
    ),
    "settings: a section called after PostgreSQL needs no host of its own": (
        """
        === orders/go.mod
        module orders
        === orders/config/config.json
        {"postgresOptions": {"dbName": "orders_db", "datasource": "postgres:pw@postgres-local:5432"}}
        === carts/go.mod
        module carts
        === carts/config/config.json
        {"mongoOptions": {"database": "carts", "url": "mongo-local:27017"},
         "postgresMetrics": {"name": "decoy", "url": "http://metrics"}, "postgresTable": {"database": "decoy2"}}
        """,
        {("orders", "orders_db")},
    ),
    "code that is copied for a new service": (
        """
        === package.json
        {}
        === template/data-source.template.ts
        new DataSource({ type: 'postgres', host: 'db', username: 'u', database: 'decoy' });
        === scaffold/config.ts
        const name = process.env.PG_NAME || 'decoy2'
        === src/data-source.ts
        new DataSource({ type: 'postgres', host: 'db', username: 'u', database: 'real' });
        """,
        {("shop", "real")},
    ),
    "a variable of a template that no program of JavaScript names": (
        """
        === silent/package.json
        {}
        === silent/.env.example
        DATABASE_URL=postgresql://user:password@localhost:5432/decoy
        === silent/server.ts
        start({ store: 'memory' })
        === naming/package.json
        {}
        === naming/.env.example
        STORE_DATABASE_URL=postgresql://user:password@localhost:5432/named
        === naming/server.ts
        start(process.env.STORE_DATABASE_URL)
        === shell/package.json
        {}
        === shell/.env.example
        MIGRATIONS_DATABASE_URL=postgresql://user:password@localhost:5432/migrated
        === shell/migrate.sh
        migrate -database "$MIGRATIONS_DATABASE_URL" up
        === libpq/package.json
        {}
        === libpq/.env.example
        PGHOST=localhost
        PGDATABASE=silently
        === rails/Gemfile
        gem "pg"
        === rails/.env.example
        OTHER_DATABASE_URL=postgresql://user:password@localhost:5432/by_ruby
        """,
        {("naming", "named"), ("shell", "migrated"), ("libpq", "silently"), ("rails", "by_ruby")},
    ),
    "a deployment that is written for the root and kept elsewhere": (
        """
        === compose.yaml
        services:
          watcher: {build: ./watcher, environment: {DATABASE_URL: "postgres://u@db/watched"}}
          orders: {build: ./orders, environment: {DATABASE_URL: "postgres://u@db/orders"}}
        === watcher/Dockerfile
        FROM debian
        === orders/Dockerfile
        FROM debian
        === gateway/Dockerfile
        FROM debian
        === gateway/orders/Dockerfile
        FROM debian
        === gateway/compose.yaml
        services:
          monitoring: {build: ./watcher, environment: {DATABASE_URL: "postgres://u@db/watched"}}
          cache-of-orders: {build: ./orders, environment: {DATABASE_URL: "postgres://u@db/cached"}}
        """,
        {("watcher", "watched"), ("orders", "orders"), ("cache-of-orders", "cached")},
    ),
    "code: defaults in schemas of JavaScript": (
        """
        === envalid/package.json
        {}
        === envalid/config.ts
        const schema = {
          POSTGRES_DB: str({
            default: 'by_envalid',
          }),
          CACHE_DB: url({ example: 'a', devDefault: 'decoy' }), LOGGER: str({ default: 'decoy2' }) };
        === zod/package.json
        {}
        === zod/env.ts
        export const env = z.object({ PG_DATABASE: z.string().min(1).default('by_zod'),
          NAME: z.string().default('decoy') });
        === joi/package.json
        {}
        === joi/app.module.ts
        Joi.object({ POSTGRES_DB: Joi.string().default('by_joi'), // PG_NAME: Joi.string().default('decoy')
        """,
        {("envalid", "by_envalid"), ("zod", "by_zod"), ("joi", "by_joi")},
    ),
    "an image that sets its connection itself": (
        """
        === orders/Dockerfile
        FROM node AS base
        ENV DATABASE_URL="postgresql://u:p@db.example.org/orders?sslmode=require"
        FROM node AS builder
        ENV DATABASE_URL="postgresql://u:p@localhost/decoy"
        FROM base
        CMD ["node", "server.js"]
        === orders/package.json
        {}
        === told/Dockerfile
        FROM node
        ENV DATABASE_URL="postgresql://u:p@localhost/decoy2"
        === told/package.json
        {}
        === k8s/told.yaml
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: told}
        spec: {template: {spec: {containers: [{name: told, image: told, env: [{name: DATABASE_URL, value: "postgres://u@db/told"}]}]}}}
        """,
        {("orders", "orders"), ("told", "told")},
    ),
    "projects of tests beside a project": (
        """
        === src/Orders.API/Orders.API.csproj
        <Project/>
        === src/Orders.API/Db.cs
        using Npgsql; var c = "Host=localhost;Database=orders;Username=u";
        === src/Orders.API.Tests/Factory.cs
        using Npgsql; var c = "Host=localhost;Database=decoy;Username=u";
        === src/Shop.IntegrationTesting/Base.cs
        using Npgsql; var c = "Host=localhost;Database=decoy2;Username=u";
        """,
        {("Orders.API", "orders")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_service_has_the_databases_that_are_meant_for_it(name: str) -> None:
    text, expected = CASES[name]
    assert edges(discovered(files_of(text))) == expected


def test_a_development_container_is_nobodys_service() -> None:
    assert places.ignored("src/rust/.devcontainer/docker-compose.yml")
    assert not places.ignored("src/devcontainer/docker-compose.yml")
