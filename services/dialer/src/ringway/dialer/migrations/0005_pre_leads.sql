-- Leads with several numbers. Only those with more than one have rows of numbers, the first number
-- (position 0) included; lead.phone_e164 is the one that is dialed next.
ALTER TABLE dialer.lead
    ADD COLUMN numbers   smallint NOT NULL DEFAULT 1,
    ADD COLUMN home_e164 text;  -- under which the list knows the lead, when another is dialed now

-- A list has a number once: the one that the lead came with, whichever of his is dialed now.
ALTER TABLE dialer.lead DROP CONSTRAINT lead_tenant_id_list_id_phone_e164_key;
CREATE UNIQUE INDEX lead_of_number ON dialer.lead
    (tenant_id, list_id, (coalesce(home_e164, phone_e164)));

CREATE TABLE dialer.lead_number (
    tenant_id        uuid        NOT NULL,
    lead_id          text        NOT NULL,
    position         smallint    NOT NULL,
    phone_e164       text        NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    label            text        NOT NULL DEFAULT '',
    zone             text,
    zone_key         text        COLLATE "C" NOT NULL DEFAULT '',
    state            text        NOT NULL DEFAULT 'open'
                     CHECK (state IN ('open', 'dead', 'dnc', 'done')),
    held_until       timestamptz,  -- the law lets it rest; the others may be dialed
    attempts         integer     NOT NULL DEFAULT 0,
    last_disposition text,
    last_attempt_at  timestamptz,
    PRIMARY KEY (tenant_id, lead_id, position),
    UNIQUE (tenant_id, lead_id, phone_e164),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES dialer.lead ON DELETE CASCADE
);
CREATE INDEX lead_number_of ON dialer.lead_number (tenant_id, phone_e164);

ALTER TABLE dialer.lead_number ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.lead_number FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.lead_number TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.lead_number TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.lead_number TO ringway_dialer;
GRANT SELECT ON dialer.lead_number TO ringway_crm_api;

CREATE VIEW dialer.lead_number_v WITH (security_invoker = true) AS
    SELECT tenant_id, lead_id, position, phone_e164, label, zone, state, attempts,
           last_disposition, last_attempt_at
      FROM dialer.lead_number;
GRANT SELECT ON dialer.lead_number_v TO ringway_crm_api;
