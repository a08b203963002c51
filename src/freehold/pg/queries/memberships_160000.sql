SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
         g.rolname, m.rolname, a.admin_option, a.inherit_option, a.set_option, b.rolname))
  FROM pg_catalog.pg_auth_members AS a
  JOIN pg_catalog.pg_roles AS g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles AS m ON m.oid = a.member
  LEFT JOIN pg_catalog.pg_roles AS b ON b.oid = a.grantor
 WHERE NOT pg_catalog.starts_with(m.rolname::text, 'pg_')
