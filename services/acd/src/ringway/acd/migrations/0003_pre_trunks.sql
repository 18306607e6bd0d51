-- Trunks with everything a carrier may ask for. What is in `settings` is the contract's PutTrunkV1
-- without the password; the ACD reads it as a whole.
ALTER TABLE acd.trunk
    ADD COLUMN is_enabled boolean NOT NULL DEFAULT true,
    ADD COLUMN settings   jsonb   NOT NULL DEFAULT '{}';

-- A far end that proves itself by a password is known by its username, whoever's trunk it is.
CREATE UNIQUE INDEX trunk_username_in ON acd.trunk ((settings ->> 'username'))
    WHERE settings ->> 'inbound' = 'password';

-- The password in clear: whoever registers or answers a digest challenge needs it, because the
-- realm comes with the challenge. In a table of its own, so that nobody but the ACD can read it,
-- not by a view, not by a forgotten column list.
CREATE TABLE acd.trunk_secret (
    tenant_id uuid NOT NULL,
    trunk_id  text NOT NULL,
    password  text NOT NULL,
    PRIMARY KEY (tenant_id, trunk_id),
    FOREIGN KEY (tenant_id, trunk_id) REFERENCES acd.trunk ON DELETE CASCADE
);

-- From which addresses a call is a trunk's. One address and port is one trunk's only, over all
-- tenants: Asterisk would choose any of two, and a tenant could take another's calls.
CREATE TABLE acd.trunk_source (
    tenant_id uuid      NOT NULL,
    trunk_id  text      NOT NULL,
    network   inet      NOT NULL,
    ports     int4range NOT NULL,
    PRIMARY KEY (tenant_id, trunk_id, network, ports),
    FOREIGN KEY (tenant_id, trunk_id) REFERENCES acd.trunk ON DELETE CASCADE,
    CONSTRAINT trunk_source_taken EXCLUDE USING gist (network inet_ops WITH &&, ports WITH &&)
);

ALTER TABLE acd.trunk_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.trunk_secret FORCE ROW LEVEL SECURITY;
ALTER TABLE acd.trunk_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.trunk_source FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON acd.trunk_secret TO ringway_acd
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON acd.trunk_source TO ringway_acd
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON acd.trunk_secret TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON acd.trunk_source TO ringway_owner USING (true) WITH CHECK (true);

GRANT DELETE ON acd.trunk TO ringway_acd;
GRANT SELECT, INSERT, UPDATE, DELETE ON acd.trunk_secret TO ringway_acd;
GRANT SELECT, INSERT, DELETE ON acd.trunk_source TO ringway_acd;

CREATE OR REPLACE VIEW acd.trunk_v WITH (security_invoker = true) AS
    SELECT tenant_id, trunk_id, name, host, port, codecs, changed_at, is_enabled, settings
      FROM acd.trunk;
