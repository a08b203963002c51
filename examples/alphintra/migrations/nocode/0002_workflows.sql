-- Workflows that people draw: components, the workflow, its versions, and each run of one.

CREATE TABLE nocode.components (
    component_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL CONSTRAINT components_code_form CHECK (code ~ '^[a-z][a-z0-9_]{1,62}$'),
    category     text NOT NULL CONSTRAINT components_category_known
        CHECK (category IN ('data', 'indicator', 'condition', 'action', 'risk')),
    parameters   jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT components_parameters_object CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT components_code_key UNIQUE (code)
);
COMMENT ON TABLE nocode.components IS 'Published: the boxes that a workflow is drawn with.';

CREATE TABLE nocode.workflows (
    workflow_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL,
    name        text NOT NULL CONSTRAINT workflows_name_sane CHECK (length(name) BETWEEN 1 AND 120),
    archived_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    row_version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX workflows_name_key ON nocode.workflows (user_id, lower(name)) WHERE archived_at IS NULL;
CREATE TRIGGER workflows_version BEFORE UPDATE ON nocode.workflows
    FOR EACH ROW EXECUTE FUNCTION nocode.next_version();
CREATE TRIGGER workflows_audited AFTER INSERT OR UPDATE OR DELETE ON nocode.workflows
    FOR EACH ROW EXECUTE FUNCTION nocode.record_change('workflow_id');

CREATE TABLE nocode.workflow_versions (
    workflow_version_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_id         uuid NOT NULL REFERENCES nocode.workflows,
    version             integer NOT NULL CONSTRAINT workflow_versions_counted_from_one CHECK (version >= 1),
    definition          jsonb NOT NULL CONSTRAINT workflow_versions_is_a_graph CHECK (
        jsonb_typeof(definition -> 'nodes') = 'array' AND jsonb_typeof(definition -> 'edges') = 'array'
    ),
    node_count          integer GENERATED ALWAYS AS (jsonb_array_length(definition -> 'nodes')) STORED,
    published_at        timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT workflow_versions_key UNIQUE (workflow_id, version)
);
COMMENT ON COLUMN nocode.workflow_versions.definition IS '{"nodes": [{"id", "component", ..}], "edges": [[from, to], ..]}';
-- which workflows use a component, before it changes
CREATE INDEX workflow_versions_uses_idx ON nocode.workflow_versions USING gin (definition jsonb_path_ops);

CREATE FUNCTION nocode.keep_published() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF old.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'version % of workflow % is published; draw the next one', old.version, old.workflow_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(new, old);
END;
$$;
CREATE TRIGGER workflow_versions_final BEFORE UPDATE OR DELETE ON nocode.workflow_versions
    FOR EACH ROW EXECUTE FUNCTION nocode.keep_published();
CREATE TRIGGER workflow_versions_audited AFTER INSERT OR UPDATE OR DELETE ON nocode.workflow_versions
    FOR EACH ROW EXECUTE FUNCTION nocode.record_change('workflow_version_id', 'definition');
