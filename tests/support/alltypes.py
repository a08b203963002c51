"""A table with a column of nearly every type, and changes of a row that are as small as its types allow."""

from __future__ import annotations

TYPES = """
CREATE SCHEMA s;
CREATE TYPE s.mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE s.pair AS (a int, b text);
CREATE DOMAIN s.pos AS bigint CHECK (value >= 0); CREATE DOMAIN s.word AS text;
CREATE TABLE s.t (
    id bigint PRIMARY KEY, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, b boolean,
    t text, v varchar(40), c char(10), by bytea, u uuid, d date, tm time, tz timetz, ts timestamp, tstz timestamptz,
    iv interval, ip inet, net cidr, j json, jb jsonb, m s.mood, p s.pair, pos s.pos, w s.word, ia integer[], ta text[],
    r int4range, x xml, pt point, tv tsvector, bits bit varying, g bigint GENERATED ALWAYS AS (id * 2) STORED
);
"""
ROWS = """
INSERT INTO {} (id, i2, i4, i8, f4, f8, n, b, t, v, c, by, u, d, tm, tz, ts, tstz, iv, ip, net, j, jb, m, p, pos, w, ia,
    ta, r, x, pt, tv, bits)
SELECT i, i % 100, i, i * 1000, i / 7.0, i / 3.0, i / 4.0::numeric, i % 2 = 0, 'text ' || i, 'var ' || i, 'c' || i % 9,
    decode(lpad(to_hex(i), 8, '0'), 'hex'), md5(i::text)::uuid, date '2026-01-01' + i,
    time '10:00' + i * interval '1 s',
    timetz '10:00+02' + i * interval '1 s', timestamp '2026-01-01' + i * interval '1 us',
    timestamptz '2026-01-01 00:00+00' + i * interval '1 us', i * interval '1 h', ('10.0.' || i % 250 || '.1')::inet,
    ('10.' || i % 250 || '.0.0/16')::cidr, json_build_object('a', i, 'b', 1), jsonb_build_object('a', i, 'b', 1),
    (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::s.mood, ROW(i, 'p' || i)::s.pair, i, 'w' || i, ARRAY[i, 2, 3, 4],
    ARRAY['a' || i, NULL, ''], int4range(i, i + 5), ('<a>' || i || '</a>')::xml, point(i, 1),
    to_tsvector('simple', 'w' || i),
    i::bit(12)::varbit
FROM generate_series(1, {}) AS i;
"""
CHANGES = [
    "i2 = i2 + 1", "i4 = i4 + 1", "i8 = i8 + 1", "i8 = (i8 # 4294967296) # 1", "i8 = -i8", "f4 = f4 * 1.0000002",
    "f8 = -f8", "n = n + 0.0000000001", "n = (n::text || case when n::text like '%.%' then '0' else '.0' end)::numeric",
    "b = not b", "b = NULL", "t = t || ' '", "t = upper(t)", "t = NULL", "t = ''", "v = v || 'x'", "c = c || 'x'",
    "by = by || '\\x00'", "u = md5(t)::uuid", "d = d + 1", "tm = tm + interval '1 us'", "tz = '10:00:00+03'",
    "ts = ts + interval '1 us'", "tstz = tstz + interval '1 us'", "tstz = tstz + interval '4294967297 us'",
    "iv = iv * 2", "iv = justify_hours(iv + interval '24 h') + interval '1 us'", "ip = ip + 1", "net = '10.0.0.0/8'",
    "j = json_build_object('b', 1, 'a', id)", "j = (j::text || ' ')::json", "jb = jb || '{{\"a\": null}}'",
    "m = 'sad'::s.mood, i2 = case when m = 'sad' then 99 else i2 end", "p = ROW((p).a, NULL)::s.pair", "pos = pos + 1",
    "w = w || 'ü'", "ia = ARRAY[[ia[1], ia[2]], [ia[3], ia[4]]]", "ia = ARRAY[ia[1], ia[2], ia[4], ia[3]]",
    "ta = ARRAY[ta[1], '', '']", "ta = ARRAY[ta[1], NULL, NULL]", "r = int4range(lower(r), upper(r) + 1)",
    "x = '<a/>'::xml", "pt = point(pt[1], pt[0] + 0.5)", "tv = tv || 'zz'::tsvector", "bits = bits || B'0'",
]  # fmt: skip
"""Each alters the row it is applied to, however slightly."""
