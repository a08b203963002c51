"""The edge to PostgreSQL: sessions, snapshots, programs, embedded instances."""
