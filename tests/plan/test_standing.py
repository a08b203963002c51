"""What stands on a relation survives its replacement by another of its name: the same definitions, other rows."""

from __future__ import annotations

import pytest

from freehold.errors import ServerError
from freehold.move import defaults, grants, policies
from freehold.move.alike import Catalog, catalog, question
from freehold.pg.session import PgSession
from freehold.plan.standing import let_go, put_back
from freehold.sqltext import raw
from support.clusters import VERSIONS, clean
from support.moving import Clusters

pytestmark = pytest.mark.real

TABLE = 'CREATE TABLE "a.""ä"."t\'x" (id int, word text COLLATE "C", price numeric(8,2), kind "a.""ä".kind)'
MADE = f"""
CREATE ROLE "own'er"; CREATE ROLE "read""er";
CREATE SCHEMA "a.""ä"; CREATE SCHEMA "b ß" AUTHORIZATION "own'er"; CREATE SCHEMA freehold_moved_1_0;
CREATE TYPE "a.""ä".kind AS ENUM ('one', 'two'); {TABLE};
INSERT INTO "a.""ä"."t'x" VALUES (1, 'old', 1.5, 'one');
GRANT USAGE ON SCHEMA "a.""ä" TO "own'er", "read""er"; GRANT ALL ON "a.""ä"."t'x" TO "own'er";
GRANT USAGE ON SCHEMA "b ß" TO "read""er";
SET ROLE "own'er"; SET search_path = "b ß";
CREATE VIEW plain WITH (security_barrier) AS SELECT * FROM "a.""ä"."t'x";
COMMENT ON VIEW plain IS 'it''s'; COMMENT ON COLUMN plain.word IS 'a word'; GRANT SELECT (id) ON plain TO "read""er";
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g INSTEAD OF INSERT ON plain FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE VIEW above AS SELECT word || '!' AS w FROM plain;
CREATE FUNCTION "wie viele"(lowest int DEFAULT 0) RETURNS TABLE (n bigint, k "a.""ä".kind) LANGUAGE sql STABLE STRICT
    SECURITY DEFINER COST 7 SET search_path = pg_catalog BEGIN ATOMIC
    SELECT count(*), max(kind) FROM "a.""ä"."t'x" WHERE id > lowest; END;
COMMENT ON FUNCTION "wie viele" IS 'how many'; GRANT EXECUTE ON FUNCTION "wie viele" TO "read""er" WITH GRANT OPTION;
CREATE VIEW counted AS SELECT n FROM "wie viele"(0);
CREATE MATERIALIZED VIEW kept WITH (fillfactor = 80) AS SELECT id, word, (SELECT n FROM counted) AS n
    FROM "a.""ä"."t'x";
CREATE UNIQUE INDEX "kept 'i" ON kept (id); ALTER MATERIALIZED VIEW kept CLUSTER ON "kept 'i";
COMMENT ON INDEX "kept 'i" IS 'ix'; COMMENT ON MATERIALIZED VIEW kept IS 'kept'; COMMENT ON COLUMN kept.id IS 'the id';
GRANT SELECT ON kept TO "read""er"; GRANT UPDATE (word) ON kept TO PUBLIC; ALTER TABLE kept ALTER word SET STATISTICS 7;
CREATE STATISTICS together ON id, word FROM kept;
CREATE MATERIALIZED VIEW upon AS SELECT k.word, t.id FROM kept AS k, "a.""ä"."t'x" AS t WITH NO DATA;
CREATE MATERIALIZED VIEW third AS SELECT max(t.id) AS m FROM kept AS t;
CREATE VIEW last AS SELECT * FROM kept NATURAL JOIN upon;
CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p'1" ON guarded USING (id IN (SELECT id FROM "a.""ä"."t'x"));
CREATE POLICY p2 ON guarded FOR INSERT WITH CHECK (EXISTS (SELECT FROM kept));
RESET ROLE; RESET search_path;
CREATE VIEW freehold_moved_1_0.old AS SELECT word FROM "a.""ä"."t'x"
"""
SCHEMAS = ("b ß", "freehold_moved_1_0")


def read(session: PgSession) -> Catalog:
    questions = (
        question(SCHEMAS, ()),
        grants.question(SCHEMAS),
        policies.question(SCHEMAS),
        defaults.question(SCHEMAS, ()),
    )
    answers = [str(session.query(one)[0][0]) for one in questions]
    return catalog(*answers[:3], defaults.defaults(answers[3]), [])


@pytest.mark.parametrize("version", VERSIONS)
def test_what_stands_on_a_relation_is_the_same_upon_another(clusters: Clusters, version: int) -> None:
    address, servers = clusters(version)
    clean(address)
    servers.admin("main").execute(raw("CREATE DATABASE standing"))
    session = servers.admin("main", "standing")
    session.execute(raw(MADE))
    before = read(session)
    drop = raw('DROP TABLE "a.""ä"."t\'x"')
    with pytest.raises(ServerError, match="other objects depend on it"):
        session.execute(drop)
    with session.transaction():
        session.execute(let_go('a."ä', ["t'x"]))
        session.execute(raw('ALTER TABLE "a.""ä"."t\'x" RENAME TO "old one"'))
        session.execute(raw(TABLE + '; GRANT SELECT ON "a.""ä"."t\'x" TO "own\'er"'))
        session.execute(raw("INSERT INTO \"a.\"\"ä\".\"t'x\" VALUES (7, 'new', 2, 'two'), (8, 'new', 2, 'two')"))
        session.execute(put_back())
    after = read(session)
    retired = ("view", "freehold_moved_1_0.old")
    assert '"old one"' in str(after.items[retired].said["view definition"])
    assert {key: one for key, one in after.items.items() if key != retired} == {
        key: one for key, one in before.items.items() if key != retired
    }
    assert (after.rights, after.policies) == (before.rights, before.policies)
    assert session.query(raw('SELECT id, word FROM "b ß".plain ORDER BY id')) == [(7, "new"), (8, "new")]
    assert session.query(raw('SELECT id, n FROM "b ß".kept ORDER BY id')) == [(7, 2), (8, 2)]
    assert session.query(raw('SELECT n, k::text FROM "b ß"."wie viele"()')) == [(2, "two")]
    session.execute(raw('DROP VIEW freehold_moved_1_0.old; DROP TABLE "a.""ä"."old one"'))
    session.close()
    servers.tidy()
