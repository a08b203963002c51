-- What a person may do, and from when to when. A role is given for a period; two periods of one role never overlap.

CREATE TABLE auth.role_grants (
    grant_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      uuid NOT NULL,
    role         text NOT NULL
        CONSTRAINT role_grants_role_known CHECK (role IN ('trader', 'analyst', 'risk_officer', 'administrator')),
    valid_during tstzrange NOT NULL DEFAULT tstzrange(now(), NULL)
        CONSTRAINT role_grants_period_sane CHECK (NOT isempty(valid_during)),
    granted_by   uuid NOT NULL,
    reason       text NOT NULL,
    CONSTRAINT role_grants_by_another CHECK (granted_by <> user_id),
    CONSTRAINT role_grants_once EXCLUDE USING gist (user_id WITH =, role WITH =, valid_during WITH &&)
);
COMMENT ON CONSTRAINT role_grants_by_another ON auth.role_grants IS 'Nobody gives a role to themselves.';
CREATE TRIGGER role_grants_audited AFTER INSERT OR UPDATE OR DELETE ON auth.role_grants
    FOR EACH ROW EXECUTE FUNCTION auth.record_change('grant_id');
