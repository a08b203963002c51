-- Templates in versions: a version that was used is never changed, and one of each template is in use.
CREATE TABLE templates.template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name ~ '^[a-z0-9_]{1,60}$'),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    locale      text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    category    text NOT NULL CHECK (category IN ('security', 'trading', 'billing', 'learning', 'marketing')),
    UNIQUE (name, channel, locale)
);
COMMENT ON TABLE templates.template IS 'What can be sent, by channel and language.';

CREATE TABLE templates.version (
    template_id bigint NOT NULL REFERENCES templates.template,
    version     integer NOT NULL CHECK (version > 0),
    subject     text NOT NULL DEFAULT '',
    body        text NOT NULL,
    variables   text[] NOT NULL DEFAULT '{}',
    in_use      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (template_id, version)
);
COMMENT ON TABLE templates.version IS 'The texts of a template; only in_use may change.';
CREATE UNIQUE INDEX version_in_use_key ON templates.version (template_id) WHERE in_use;

CREATE FUNCTION templates.keep_text() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (new.template_id, new.version, new.subject, new.body, new.variables)
       IS DISTINCT FROM (old.template_id, old.version, old.subject, old.body, old.variables) THEN
        RAISE EXCEPTION 'a version is never rewritten; add the next one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER version_keeps_text BEFORE UPDATE ON templates.version
    FOR EACH ROW EXECUTE FUNCTION templates.keep_text();

-- Adds the next version and puts it in use. The lock on the template gives two authors two numbers.
CREATE FUNCTION templates.publish(of_template bigint, new_subject text, new_body text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    next_version integer;
BEGIN
    PERFORM FROM templates.template WHERE template_id = of_template FOR UPDATE;
    SELECT coalesce(max(version), 0) + 1 INTO next_version FROM templates.version WHERE template_id = of_template;
    UPDATE templates.version SET in_use = false WHERE template_id = of_template AND in_use;
    INSERT INTO templates.version (template_id, version, subject, body, variables, in_use)
    SELECT of_template, next_version, new_subject, new_body,
           coalesce(array_agg(DISTINCT name[1] ORDER BY name[1]), '{}'), true
    FROM regexp_matches(new_subject || ' ' || new_body, '\{\{([a-z_]+)\}\}', 'g') AS name;
    RETURN next_version;
END;
$$;
COMMENT ON FUNCTION templates.publish IS 'Adds a version, finds its {{variables}} and puts it in use; answers its number.';

CREATE FUNCTION templates.render(of_template bigint, of_version integer, filling jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    text_so_far text;
    name        text;
    needed      text[];
BEGIN
    SELECT body, variables INTO STRICT text_so_far, needed
    FROM templates.version WHERE template_id = of_template AND version = of_version;
    IF NOT filling ?& needed THEN
        RAISE EXCEPTION 'template % lacks a value for one of: %', of_template, array_to_string(needed, ', ')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH name IN ARRAY needed LOOP
        text_so_far := replace(text_so_far, '{{' || name || '}}', filling ->> name);
    END LOOP;
    RETURN text_so_far;
END;
$$;
