"""A Prisma schema for each service with its datasource and all of its schemas, for Prisma 6 and for Prisma 7.

``SERVICE/schema.prisma`` is for Prisma 6, which reads the URLs from the datasource. Prisma 7 refuses them there: its
schema and its ``prisma.config.ts`` are in ``SERVICE/prisma7``. Each service has a variable of its own, as
``USERS_DATABASE_URL``, which must hold the password, since Prisma reads no password file. Behind a pool the migrations
go past it by ``USERS_DATABASE_URL_DIRECT``. ``SERVICE/.env.example`` has both without the password. Models are not
written: ``prisma db pull`` reads them from the database that the service's migrations made.

Hostile names are JSON strings, which Prisma reads as they are.

Checked: the validator behind ``prisma validate`` of 6.19 and of 7.10 accepts every schema, and refuses one that is not
in the datasource. The commands themselves, and with them ``prisma.config.ts``, were run by hand.
"""

from __future__ import annotations

import json

from freehold.export.carried import CLIENT
from freehold.export.dotenv import lines
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import identifier, label
from freehold.export.ways import Way, ways
from freehold.spec.names import slug


def _schema(way: Way, *, seven: bool) -> str:
    datasource = [
        'provider = "postgresql"',
        *([] if seven else [f'url = env("{_variable(way)}")']),
        *([f'directUrl = env("{_variable(way)}_DIRECT")'] if way.pooled and not seven else []),
        *([f"schemas = [{', '.join(_text(name) for name in way.schemas)}]"] if way.schemas else []),
    ]
    generator = ['provider = "prisma-client"', 'output = "./generated"'] if seven else ['provider = "prisma-client-js"']
    return f"{_block('generator client', generator)}\n{_block('datasource db', datasource)}"


def _config(way: Way) -> str:
    variable = f"{_variable(way)}_DIRECT" if way.pooled else _variable(way)
    return f'''\
import {{ defineConfig, env }} from "prisma/config";

// the command line of Prisma connects here; the client gets its own address through its driver adapter
export default defineConfig({{
  schema: "schema.prisma",
  datasource: {{ url: env("{variable}") }},
}});
'''


def _environment(way: Way) -> dict[str, str]:
    return {_variable(way): way.url(), **({f"{_variable(way)}_DIRECT": way.url(direct=True)} if way.pooled else {})}


def _variable(way: Way) -> str:
    """One of its own for each service: where all of them read one name, one of them gets the other's database."""
    return f"{identifier(slug(way.service)).upper()}_DATABASE_URL"


def _block(head: str, lines: list[str]) -> str:
    """Keys in a column, as Prisma's own formatter writes them."""
    pairs = [line.split(" = ", 1) for line in lines]
    width = max(len(key) for key, _ in pairs)
    return head + " {\n" + "".join(f"  {key.ljust(width)} = {value}\n" for key, value in pairs) + "}\n"


def _text(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    for way in ways(asked):
        folder = label(way.service)
        files[f"{folder}/schema.prisma"] = _schema(way, seven=False)
        files[f"{folder}/prisma7/schema.prisma"] = _schema(way, seven=True)
        files[f"{folder}/prisma7/prisma.config.ts"] = _config(way)
        files[f"{folder}/.env.example"] = lines(_environment(way))
    return Export(
        files,
        secrets,
        ("Copy each .env.example to .env and put the password of `freehold url SERVICE` into its URLs.",),
    )


prisma = Exporter(
    "a Prisma datasource with all schemas of each service", "the validator of Prisma 6 and of 7", _write, CLIENT
)
