-- Sessions that can be seen and ended, passwords with rules, locks per login and address.
ALTER TABLE crm.user_account
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
    ADD COLUMN password_changed_at  timestamptz;

-- One sign-in on one device. Whoever has a token of an ended session is refused.
CREATE TABLE crm.session (
    tenant_id      uuid NOT NULL,
    session_id     uuid NOT NULL,
    user_id        uuid NOT NULL,
    method         text NOT NULL DEFAULT 'password',
    device         text NOT NULL DEFAULT '',
    client_ip      text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    ended_because  text,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX session_of_user ON crm.session (tenant_id, user_id, session_id);
CREATE INDEX session_by_expiry ON crm.session (expires_at);
-- Who is signed in stays so.
INSERT INTO crm.session (tenant_id, session_id, user_id, created_at, last_seen_at, expires_at)
SELECT tenant_id, session_id, user_id, min(created_at), max(created_at), max(expires_at)
  FROM crm.refresh_token GROUP BY tenant_id, session_id, user_id;

-- A password is not chosen again for a while.
CREATE TABLE crm.password_history (
    tenant_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    created_at     timestamptz NOT NULL,
    password_hash  text NOT NULL,
    PRIMARY KEY (tenant_id, user_id, created_at),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);

-- What an enterprise asks of its people's sign-ins; without a row the defaults hold.
CREATE TABLE crm.security_policy (
    tenant_id               uuid PRIMARY KEY,
    password_min_length     integer NOT NULL,
    password_history        integer NOT NULL,
    change_at_first_sign_in boolean NOT NULL,
    second_factor_roles     text[] NOT NULL,
    version                 integer NOT NULL DEFAULT 1,
    updated_at              timestamptz NOT NULL
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['session', 'password_history', 'security_policy'] LOOP
        EXECUTE format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE crm.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON crm.%I TO ringway_crm_api '
            'USING (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid) '
            'WITH CHECK (tenant_id = nullif(current_setting(''ringway.tenant_id'', true), '''')::uuid)',
            name);
        EXECUTE format(
            'CREATE POLICY owner_all ON crm.%I TO ringway_owner USING (true) WITH CHECK (true)',
            name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON crm.session, crm.security_policy TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.password_history TO ringway_crm_api;

-- Housekeeping of sign-in over all tenants. An ended session is kept a month, for whoever asks.
CREATE FUNCTION crm.prune_sign_in(a_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    total bigint := 0;
BEGIN
    DELETE FROM crm.session WHERE expires_at < a_now - interval '30 days';
    GET DIAGNOSTICS total = ROW_COUNT;
    RETURN total;
END
$$;
ALTER FUNCTION crm.prune_sign_in(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_sign_in(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_sign_in(timestamptz) TO ringway_crm_api;
