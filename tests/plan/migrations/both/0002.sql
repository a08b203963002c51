-- freehold: no-transaction
CREATE INDEX CONCURRENTLY ON t (id);
