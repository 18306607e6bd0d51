-- What the pacing of a predictive campaign has learned: another process goes on with it.
CREATE TABLE dialer.pacing_state (
    tenant_id   uuid        NOT NULL,
    campaign_id text        NOT NULL,
    state       jsonb       NOT NULL,
    saved_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES dialer.campaign
);
ALTER TABLE dialer.pacing_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.pacing_state FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.pacing_state TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.pacing_state TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON dialer.pacing_state TO ringway_dialer;

-- Leads that agents were shown and did not want. The attempt itself never left us: it has no row.
CREATE TABLE dialer.preview_skip (
    tenant_id   uuid        NOT NULL,
    attempt_id  uuid        NOT NULL,
    campaign_id text        NOT NULL,
    list_id     text        NOT NULL,
    lead_id     text        NOT NULL,
    agent_id    text        NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    skipped_at  timestamptz NOT NULL DEFAULT now(),
    due_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, attempt_id)
);
CREATE INDEX preview_skip_of_campaign ON dialer.preview_skip (tenant_id, campaign_id, attempt_id);
CREATE INDEX preview_skip_of_lead ON dialer.preview_skip (tenant_id, lead_id);
ALTER TABLE dialer.preview_skip ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.preview_skip FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.preview_skip TO ringway_dialer, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.preview_skip TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON dialer.preview_skip TO ringway_dialer;
GRANT SELECT ON dialer.preview_skip TO ringway_crm_api;
