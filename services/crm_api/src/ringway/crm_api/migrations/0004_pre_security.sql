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

-- A second factor: the secret of an authenticator app, encrypted with a key that is not in the
-- database. A code's time step is used once; recovery codes are kept as keyed hashes.
CREATE TABLE crm.second_factor (
    tenant_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    secret         bytea NOT NULL,
    last_step      bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL,
    confirmed_at   timestamptz,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE TABLE crm.recovery_code (
    tenant_id      uuid NOT NULL,
    user_id        uuid NOT NULL,
    code_hash      bytea NOT NULL,
    used_at        timestamptz,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.second_factor ON DELETE CASCADE
);

-- Keys for programs. The secret is kept as a hash; while a key is being exchanged, its old secret
-- works beside the new one for a while.
CREATE TABLE crm.api_key (
    tenant_id       uuid NOT NULL,
    key_id          uuid NOT NULL,
    user_id         uuid NOT NULL,
    name            text NOT NULL,
    prefix          text NOT NULL,
    secret_hash     bytea NOT NULL,
    old_secret_hash bytea,
    old_until       timestamptz,
    scopes          text[] NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    last_used_at    timestamptz,
    last_used_ip    text NOT NULL DEFAULT '',
    revoked_at      timestamptz,
    PRIMARY KEY (tenant_id, key_id),
    UNIQUE (tenant_id, prefix),
    FOREIGN KEY (tenant_id, user_id) REFERENCES crm.user_account ON DELETE CASCADE
);
CREATE INDEX api_key_user ON crm.api_key (tenant_id, user_id, key_id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'session', 'password_history', 'security_policy', 'second_factor', 'recovery_code',
        'api_key'
    ] LOOP
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
GRANT SELECT, INSERT, UPDATE ON crm.session, crm.security_policy, crm.api_key TO ringway_crm_api;
GRANT SELECT, INSERT, DELETE ON crm.password_history TO ringway_crm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.second_factor, crm.recovery_code TO ringway_crm_api;

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

-- The audit log is append-only for its owner as well: a trigger stands before every change. Only
-- an enterprise that is deleted as a whole takes its log along.
CREATE FUNCTION crm.refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('ringway.deleting_tenant', true) = OLD.tenant_id::text
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit log is append-only.' USING ERRCODE = 'insufficient_privilege';
END
$$;
ALTER FUNCTION crm.refuse_audit_change() OWNER TO ringway_owner;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON crm.audit_log
    FOR EACH ROW EXECUTE FUNCTION crm.refuse_audit_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON crm.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_audit_change();
CREATE INDEX audit_log_actor ON crm.audit_log (tenant_id, actor, seq);
CREATE INDEX audit_log_action ON crm.audit_log (tenant_id, action, seq);
CREATE INDEX audit_log_object ON crm.audit_log (tenant_id, object_type, object_id, seq);
CREATE INDEX audit_log_at ON crm.audit_log (tenant_id, at);
