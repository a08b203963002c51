-- What is owed to authorities, and the trail of everything that the services report.

-- Two writers who read the same version cannot both win: UPDATE .. WHERE row_version = the one that was read.
CREATE FUNCTION compliance.next_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$$;

CREATE TABLE compliance.compliance_reports (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    kind            text NOT NULL CONSTRAINT compliance_reports_kind_known
        CHECK (kind IN ('wage_tax', 'social_security', 'annual_statement', 'data_protection')),
    jurisdiction    text NOT NULL CONSTRAINT compliance_reports_jurisdiction_form CHECK (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    period_start    date NOT NULL,
    period_end      date NOT NULL,
    period          daterange GENERATED ALWAYS AS (daterange(period_start, period_end, '[]')) STORED,
    due_on          date NOT NULL,
    status          text NOT NULL DEFAULT 'draft' CONSTRAINT compliance_reports_status_known
        CHECK (status IN ('draft', 'submitted', 'accepted', 'rejected')),
    content         jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT compliance_reports_content_object CHECK (jsonb_typeof(content) = 'object'),
    content_sha256  bytea,
    submitted_at    timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    row_version     bigint NOT NULL DEFAULT 1,
    CONSTRAINT compliance_reports_period_in_order CHECK (period_start <= period_end),
    CONSTRAINT compliance_reports_due_after_period CHECK (due_on > period_end),
    CONSTRAINT compliance_reports_submitted_is_sealed CHECK (
        (status = 'draft') = (submitted_at IS NULL) AND (submitted_at IS NULL) = (content_sha256 IS NULL)
    ),
    CONSTRAINT compliance_reports_one_for_a_period EXCLUDE USING gist
        (organization_id WITH =, kind WITH =, jurisdiction WITH =, period WITH &&) WHERE (status <> 'rejected')
);
COMMENT ON COLUMN compliance.compliance_reports.content_sha256 IS 'Of the content as it was submitted; set by the trigger.';
CREATE INDEX compliance_reports_due_idx ON compliance.compliance_reports (due_on) INCLUDE (organization_id, kind)
    WHERE status = 'draft';

CREATE FUNCTION compliance.seal() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- a generated column has no value yet in a BEFORE trigger; it follows from columns that are compared
    moving constant text[] := '{status,updated_at,row_version,period}';
BEGIN
    IF tg_op = 'UPDATE' AND old.status <> 'draft' THEN
        IF to_jsonb(new) - moving <> to_jsonb(old) - moving
            OR NOT (new.status = old.status OR old.status = 'submitted' AND new.status IN ('accepted', 'rejected')) THEN
            RAISE EXCEPTION 'report % is %; file another one', old.id, old.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN new;
    END IF;
    IF tg_op = 'DELETE' THEN
        IF old.status <> 'draft' THEN
            RAISE EXCEPTION 'report % is % and stays', old.id, old.status USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN old;
    END IF;
    IF new.status = 'submitted' THEN
        new.submitted_at := clock_timestamp();
        new.content_sha256 := sha256(convert_to(new.content::text, 'UTF8'));
    ELSIF new.status <> 'draft' THEN
        RAISE EXCEPTION 'a report is submitted before it is %', new.status USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END;
$$;
CREATE TRIGGER compliance_reports_sealed BEFORE INSERT OR UPDATE OR DELETE ON compliance.compliance_reports
    FOR EACH ROW EXECUTE FUNCTION compliance.seal();
CREATE TRIGGER compliance_reports_version BEFORE UPDATE ON compliance.compliance_reports
    FOR EACH ROW EXECUTE FUNCTION compliance.next_version();

CREATE TABLE compliance.audit_logs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    occurred_at     timestamptz NOT NULL,
    service         text NOT NULL CONSTRAINT audit_logs_service_known CHECK (service IN
        ('auth', 'org', 'employee', 'wallet', 'payroll', 'transaction', 'notification', 'compliance')),
    event_id        text NOT NULL,
    organization_id uuid,
    action          text NOT NULL,
    actor           text NOT NULL,
    detail          jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_logs_event_key UNIQUE (service, event_id),
    CONSTRAINT audit_logs_not_from_the_future CHECK (occurred_at <= received_at + interval '5 minutes')
);
COMMENT ON TABLE compliance.audit_logs IS 'What services report about themselves. A login may add a row and change none.';
COMMENT ON COLUMN compliance.audit_logs.event_id IS 'The reporter''s own id: what is reported twice is kept once.';
CREATE INDEX audit_logs_organization_idx ON compliance.audit_logs (organization_id, occurred_at DESC);
CREATE INDEX audit_logs_occurred_idx ON compliance.audit_logs USING brin (occurred_at);

CREATE FUNCTION compliance.append_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RAISE EXCEPTION '% of %.% is not for logins', lower(tg_op), tg_table_schema, tg_table_name
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END;
$$;
CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE ON compliance.audit_logs
    FOR EACH ROW EXECUTE FUNCTION compliance.append_only();
