SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         d.datname, r.rolname, pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, d.datconnlimit,
         d.datistemplate, d.datallowconn,
         coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))::text[],
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(coalesce(sr.rolname, ''), s.setconfig))
            FROM pg_catalog.pg_db_role_setting AS s
            LEFT JOIN pg_catalog.pg_roles AS sr ON sr.oid = s.setrole
           WHERE s.setdatabase = d.oid)))
  FROM pg_catalog.pg_database AS d
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = d.datdba
