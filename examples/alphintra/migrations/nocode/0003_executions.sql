-- Each run of a workflow, and what each of its nodes did.

CREATE TABLE nocode.workflow_executions (
    execution_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_version_id uuid NOT NULL REFERENCES nocode.workflow_versions,
    status              text NOT NULL DEFAULT 'running' CONSTRAINT workflow_executions_status_known
        CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
    started_at          timestamptz NOT NULL DEFAULT now(),
    finished_at         timestamptz,
    duration            interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
    error               text,
    CONSTRAINT workflow_executions_end_has_a_time CHECK ((status = 'running') = (finished_at IS NULL)),
    CONSTRAINT workflow_executions_end_after_they_begin CHECK (finished_at >= started_at),
    CONSTRAINT workflow_executions_failed_says_why CHECK ((status = 'failed') = (error IS NOT NULL))
);
CREATE INDEX workflow_executions_version_idx ON nocode.workflow_executions (workflow_version_id, started_at DESC);
CREATE INDEX workflow_executions_running_idx ON nocode.workflow_executions (started_at) WHERE status = 'running';

CREATE TABLE nocode.execution_steps (
    execution_id uuid NOT NULL REFERENCES nocode.workflow_executions ON DELETE CASCADE,
    step         integer NOT NULL CONSTRAINT execution_steps_counted_from_one CHECK (step >= 1),
    node_id      text NOT NULL,
    logged_at    timestamptz NOT NULL DEFAULT now(),
    succeeded    boolean NOT NULL,
    output       jsonb,
    PRIMARY KEY (execution_id, step)
);
