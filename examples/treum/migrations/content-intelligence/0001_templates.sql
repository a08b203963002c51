-- Prompt templates in versions. A version is a draft until it is released, and never changes after that.
CREATE TABLE content_intelligence.template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9_]{1,60}$'),
    audience    text NOT NULL CHECK (audience IN ('retail', 'professional', 'internal'))
);
COMMENT ON TABLE content_intelligence.template IS 'What texts are generated from, by name.';

CREATE TABLE content_intelligence.template_version (
    template_id bigint NOT NULL REFERENCES content_intelligence.template,
    version     integer NOT NULL CHECK (version > 0),
    prompt      text NOT NULL,
    parameters  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
    author      text NOT NULL,
    state       text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'active', 'retired')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (template_id, version)
);
COMMENT ON TABLE content_intelligence.template_version IS 'The prompts of a template; one at most is active.';
CREATE UNIQUE INDEX template_version_active_key ON content_intelligence.template_version (template_id)
    WHERE state = 'active';

CREATE FUNCTION content_intelligence.keep_prompt() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tg_op = 'UPDATE' AND old.state = 'draft' THEN
        RETURN new;
    ELSIF tg_op = 'UPDATE'
          AND (new.template_id, new.version, new.prompt, new.parameters, new.author)
              IS NOT DISTINCT FROM (old.template_id, old.version, old.prompt, old.parameters, old.author)
          AND new.state <> 'draft' THEN
        RETURN new;
    ELSIF tg_op = 'DELETE' AND old.state = 'draft' THEN
        RETURN old;
    END IF;
    RAISE EXCEPTION 'a released prompt is never rewritten; add the next version'
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER template_version_final BEFORE UPDATE OR DELETE ON content_intelligence.template_version
    FOR EACH ROW EXECUTE FUNCTION content_intelligence.keep_prompt();

CREATE FUNCTION content_intelligence.add_version(of_template bigint, new_prompt text, by_author text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    next_version integer;
BEGIN
    PERFORM FROM content_intelligence.template WHERE template_id = of_template FOR UPDATE;
    SELECT coalesce(max(version), 0) + 1 INTO next_version
    FROM content_intelligence.template_version WHERE template_id = of_template;
    INSERT INTO content_intelligence.template_version (template_id, version, prompt, author)
    VALUES (of_template, next_version, new_prompt, by_author);
    RETURN next_version;
END;
$$;

-- Releases a version, or goes back to an older one: what was active is retired, both at once.
CREATE FUNCTION content_intelligence.activate(of_template bigint, of_version integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM content_intelligence.template WHERE template_id = of_template FOR UPDATE;
    UPDATE content_intelligence.template_version SET state = 'retired'
    WHERE template_id = of_template AND state = 'active' AND version <> of_version;
    UPDATE content_intelligence.template_version SET state = 'active'
    WHERE template_id = of_template AND version = of_version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'template % has no version %', of_template, of_version USING ERRCODE = 'no_data_found';
    END IF;
END;
$$;
