-- An interaction that changes hands has a segment for each agent: everyone is credited with his
-- own talk. What agents did beside talking is kept for the reports.
ALTER TABLE crm.interaction
    ADD COLUMN queue_id  text,
    ADD COLUMN outcome   text,
    ADD COLUMN segments  integer          NOT NULL DEFAULT 0,
    ADD COLUMN held_s    double precision NOT NULL DEFAULT 0,
    ADD COLUMN consults  integer          NOT NULL DEFAULT 0,
    ADD COLUMN transfers integer          NOT NULL DEFAULT 0,
    ADD COLUMN rating    integer;
CREATE INDEX interaction_queue ON crm.interaction (tenant_id, queue_id, interaction_id)
    WHERE queue_id IS NOT NULL;

CREATE TABLE crm.interaction_segment (
    tenant_id       uuid             NOT NULL,
    interaction_id  uuid             NOT NULL,
    segment         integer          NOT NULL,
    agent_id        uuid             NOT NULL,
    agent_number    text             NOT NULL,
    queue_id        text,
    connected_at    timestamptz,
    disconnected_at timestamptz,
    talk_s          double precision,
    held_s          double precision NOT NULL,
    wrap_up_s       double precision,
    hung_up_by      text,
    is_last         boolean          NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, segment)
);
CREATE INDEX interaction_segment_agent
    ON crm.interaction_segment (tenant_id, agent_id, connected_at);

CREATE TABLE crm.agent_act (
    tenant_id      uuid             NOT NULL,
    message_id     text             NOT NULL,
    agent_id       uuid             NOT NULL,
    kind           text             NOT NULL,
    interaction_id uuid             NOT NULL,
    occurred_at    timestamptz      NOT NULL,
    seconds        double precision NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX agent_act_agent ON crm.agent_act (tenant_id, agent_id, occurred_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['interaction_segment', 'agent_act'] LOOP
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
GRANT SELECT, INSERT, UPDATE ON crm.interaction_segment TO ringway_crm_api;
GRANT SELECT, INSERT ON crm.agent_act TO ringway_crm_api;
