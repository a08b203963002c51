-- roles as anybody may see them; pg_roles hides the verifier
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         r.rolname, r.rolcanlogin, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
         r.rolbypassrls, r.rolconnlimit,
         CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)
              THEN pg_catalog.to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
              ELSE r.rolvaliduntil::text END,
         NULL, s.setconfig))
  FROM pg_catalog.pg_roles AS r
  LEFT JOIN pg_catalog.pg_db_role_setting AS s ON s.setrole = r.oid AND s.setdatabase = 0
 WHERE NOT pg_catalog.starts_with(r.rolname::text, 'pg_')
