-- Which company and which of its people a session works for. The same file in every service with shared tables.
--
-- The setting app.tenant_context is a token: v1|key|company|person|login|expires|signature. Any SQL may change a setting, so
-- the signature (HMAC-SHA-256) is checked here, by a key that only the gateway has: a changed token is an error, a
-- missing one sees nothing. The person * is a job of the company itself.
CREATE TABLE tenant_key (
    key_id    integer PRIMARY KEY,
    -- the key padded with zeros to 64 bytes, each byte XOR 0x36 and XOR 0x5c: two keys, so that one can be replaced
    inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64)
);
-- the logins of a service have rights on all its tables; without a policy this one is empty to them, and refuses rows
ALTER TABLE tenant_key ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION tenant_context() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
DECLARE
    token  text := current_setting('app.tenant_context', true);
    part   text[];
    pads   tenant_key;
BEGIN
    IF token IS NULL OR token = '' THEN
        RETURN NULL;
    END IF;
    IF token !~ '^v1\|[0-9]{1,9}\|[^|]+\|[^|]+\|[^|]+\|[0-9]{1,12}\|[0-9a-f]{64}$' THEN
        RAISE EXCEPTION 'malformed tenant context' USING ERRCODE = 'insufficient_privilege';
    END IF;
    part := string_to_array(token, '|');
    SELECT * INTO pads FROM tenant_key WHERE key_id = part[2]::integer;
    IF NOT FOUND OR sha256(pads.outer_pad || sha256(pads.inner_pad
            || convert_to(array_to_string(part[1:6], '|'), 'UTF8'))) <> decode(part[7], 'hex') THEN
        RAISE EXCEPTION 'forged tenant context' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF part[5] <> session_user THEN
        RAISE EXCEPTION 'tenant context of another login' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF part[6]::bigint < extract(epoch FROM statement_timestamp()) THEN
        RAISE EXCEPTION 'tenant context has expired' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN part[3:4];
END;
$$;

-- policies say (SELECT ..) around these, which makes them run once for a statement and not once for a row
CREATE FUNCTION current_company() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (tenant_context())[1];
CREATE FUNCTION current_person() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (tenant_context())[2];
