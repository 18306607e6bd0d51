-- Agents' SIP accounts and trunks. Live state is not here: it is in Asterisk and in the
-- snapshot bucket, so that no connect waits for PostgreSQL.
CREATE SCHEMA acd;
GRANT USAGE ON SCHEMA acd TO ringway_acd, ringway_crm_api;

CREATE TABLE acd.agent (
    tenant_id    uuid        NOT NULL,
    agent_id     text        NOT NULL,
    number       text        NOT NULL CHECK (number ~ '^[0-9]{2,10}$'),
    name         text        NOT NULL DEFAULT '',
    sip_username text        NOT NULL UNIQUE,
    -- The digest that SIP needs: MD5(username:realm:password). The password itself is not kept.
    sip_ha1      text        NOT NULL,
    is_enabled   boolean     NOT NULL DEFAULT true,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, agent_id),
    UNIQUE (tenant_id, number)
);

CREATE TABLE acd.trunk (
    tenant_id  uuid        NOT NULL,
    trunk_id   text        NOT NULL,
    name       text        NOT NULL,
    host       text        NOT NULL,
    port       integer     NOT NULL CHECK (port BETWEEN 1 AND 65535),
    codecs     text[]      NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, trunk_id)
);

ALTER TABLE acd.agent ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.agent FORCE ROW LEVEL SECURITY;
ALTER TABLE acd.trunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.trunk FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON acd.agent TO ringway_acd, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON acd.trunk TO ringway_acd, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON acd.agent TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON acd.trunk TO ringway_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON acd.agent, acd.trunk TO ringway_acd;

-- What crm_api may show: never the digest.
GRANT SELECT (tenant_id, agent_id, number, name, sip_username, is_enabled, changed_at)
    ON acd.agent TO ringway_crm_api;
GRANT SELECT ON acd.trunk TO ringway_crm_api;
CREATE VIEW acd.agent_v WITH (security_invoker = true) AS
    SELECT tenant_id, agent_id, number, name, sip_username, is_enabled, changed_at FROM acd.agent;
CREATE VIEW acd.trunk_v WITH (security_invoker = true) AS
    SELECT tenant_id, trunk_id, name, host, port, codecs, changed_at FROM acd.trunk;
GRANT SELECT ON acd.agent_v, acd.trunk_v TO ringway_crm_api;

-- At start the ACD must know for which tenants it has work: the only look across tenants.
CREATE FUNCTION acd.tenants() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = acd, pg_temp
    AS $$ SELECT tenant_id FROM acd.agent UNION SELECT tenant_id FROM acd.trunk $$;
REVOKE ALL ON FUNCTION acd.tenants() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acd.tenants() TO ringway_acd;
