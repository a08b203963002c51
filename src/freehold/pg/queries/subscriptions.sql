-- connection strings of the subscriptions of this database, without the password; only a superuser may read them
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.subname,
         pg_catalog.regexp_replace(s.subconninfo, $re$\s*password\s*=\s*('(?:[^'\\]|\\.)*'|\S*)$re$, ''),
         pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.regexp_replace(
           (pg_catalog.regexp_match(s.subconninfo, $re$password\s*=\s*'((?:[^'\\]|\\.)*)'$re$))[1], $re$\\(.)$re$, $re$\1$re$, 'g'),
           'UTF8')), 'hex')))
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
