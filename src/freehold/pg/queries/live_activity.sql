-- one look at who is connected; the client's address is NULL both for a socket and where it is hidden, client_port tells
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         a.datname, a.usename, coalesce(a.application_name, ''),
         CASE WHEN a.client_addr IS NOT NULL THEN pg_catalog.host(a.client_addr) WHEN a.client_port = -1 THEN '' END,
         a.many, a.active))
  FROM (SELECT datname, usename, application_name, client_addr, least(client_port, 0) AS client_port,
               pg_catalog.count(*) AS many, pg_catalog.count(*) FILTER (WHERE state <> 'idle') AS active
          FROM pg_catalog.pg_stat_activity
         WHERE pid <> pg_catalog.pg_backend_pid() AND datname IS NOT NULL AND usename IS NOT NULL
           AND (backend_type IS NULL OR backend_type = 'client backend')
         GROUP BY 1, 2, 3, 4, 5) AS a
