-- Virtual operators: carriers whose accounts the platform's operator holds and lends to enterprises.

CREATE TABLE crm.virtual_operator (
    tenant_id           uuid        NOT NULL,     -- the platform's
    virtual_operator_id uuid        NOT NULL,
    name                text        NOT NULL,
    app_id              text        NOT NULL,     -- the account: its username
    secret              bytea       NOT NULL,     -- sealed
    pool_key            bytea,                    -- sealed
    connection          jsonb       NOT NULL,     -- host, port, transport, …
    secret_set_at       timestamptz NOT NULL,
    version             integer     NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, virtual_operator_id)
);
CREATE UNIQUE INDEX virtual_operator_name ON crm.virtual_operator (tenant_id, lower(name));

-- To whom it is lent, in that enterprise: each grant is a trunk there. revision grows with all that
-- the ACD has to be told: the grant itself, a withdrawal, another account.
CREATE TABLE crm.operator_trunk (
    tenant_id           uuid        NOT NULL,
    trunk_id            uuid        NOT NULL,
    virtual_operator_id uuid        NOT NULL,
    max_channels        integer,
    granted_by          text        NOT NULL,
    granted_at          timestamptz NOT NULL,
    withdrawn_at        timestamptz,
    revision            integer     NOT NULL DEFAULT 1,
    next_try_at         timestamptz,              -- NULL: the ACD knows
    tries               integer     NOT NULL DEFAULT 0,
    last_error          text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, trunk_id)
);
CREATE INDEX operator_trunk_of ON crm.operator_trunk (virtual_operator_id, tenant_id);
CREATE INDEX operator_trunk_waits ON crm.operator_trunk (next_try_at)
    WHERE next_try_at IS NOT NULL;

ALTER TABLE crm.virtual_operator ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.virtual_operator FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.virtual_operator TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.virtual_operator TO ringway_owner USING (true) WITH CHECK (true);
ALTER TABLE crm.operator_trunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.operator_trunk FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.operator_trunk TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.operator_trunk TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.virtual_operator, crm.operator_trunk
    TO ringway_crm_api;

-- The grants of one virtual operator in all enterprises, for the platform.
CREATE FUNCTION crm.operator_trunks_of(a_virtual_operator_id uuid, a_after uuid, a_limit integer)
RETURNS SETOF crm.operator_trunk
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT * FROM crm.operator_trunk
     WHERE virtual_operator_id = a_virtual_operator_id AND (a_after IS NULL OR tenant_id > a_after)
     ORDER BY tenant_id LIMIT a_limit
$$;
-- The ACD has to be told of all of them.
CREATE FUNCTION crm.renew_operator_trunks(a_virtual_operator_id uuid, a_now timestamptz)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH renewed AS (
        UPDATE crm.operator_trunk SET revision = revision + 1, next_try_at = a_now, tries = 0
         WHERE virtual_operator_id = a_virtual_operator_id AND withdrawn_at IS NULL RETURNING 1)
    SELECT count(*)::integer FROM renewed
$$;
-- Take one that the ACD has to be told of; nobody else does until a_again.
CREATE FUNCTION crm.claim_operator_trunk(a_now timestamptz, a_again timestamptz)
RETURNS TABLE (tenant_id uuid, trunk_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE crm.operator_trunk t SET next_try_at = a_again, tries = t.tries + 1
      FROM (SELECT w.tenant_id, w.trunk_id FROM crm.operator_trunk w
             WHERE w.next_try_at <= a_now ORDER BY w.next_try_at LIMIT 1
               FOR UPDATE SKIP LOCKED) AS due
     WHERE t.tenant_id = due.tenant_id AND t.trunk_id = due.trunk_id
    RETURNING t.tenant_id, t.trunk_id
$$;
ALTER FUNCTION crm.operator_trunks_of(uuid, uuid, integer) OWNER TO ringway_owner;
ALTER FUNCTION crm.renew_operator_trunks(uuid, timestamptz) OWNER TO ringway_owner;
ALTER FUNCTION crm.claim_operator_trunk(timestamptz, timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.operator_trunks_of(uuid, uuid, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION crm.renew_operator_trunks(uuid, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION crm.claim_operator_trunk(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.operator_trunks_of(uuid, uuid, integer),
    crm.renew_operator_trunks(uuid, timestamptz),
    crm.claim_operator_trunk(timestamptz, timestamptz) TO ringway_crm_api;
