"""Connection pools in front of the services' databases: what their PgBouncers are told, and what they report."""
