-- LEGACY. The no-code service, as if it had the database to itself: it brings users of its own, with another key.

\connect alphintra
SET ROLE alphintra;

CREATE TABLE IF NOT EXISTS users (
    id    UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) UNIQUE NOT NULL
);

CREATE TABLE nocode_workflows (
    id         UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    UUID NOT NULL REFERENCES users(id),
    name       VARCHAR(255) NOT NULL,
    definition JSONB NOT NULL DEFAULT '{}',
    status     VARCHAR(20) DEFAULT 'draft'
);

CREATE TABLE nocode_components (
    id       UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name     VARCHAR(255) NOT NULL,
    category VARCHAR(100)
);

CREATE TABLE nocode_executions (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_id UUID REFERENCES nocode_workflows(id),
    status      VARCHAR(20),
    started_at  TIMESTAMPTZ DEFAULT now()
);
