-- Who talked with a number last: only a preference of routing.
CREATE TABLE acd.last_talk (
    tenant_id uuid        NOT NULL,
    number    text        NOT NULL,
    agent_id  text        NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

-- Messages. The sound is here, not on the node that recorded it: it can be heard when that node is
-- gone, and is part of the backup. One is at most ten minutes of 16 kB/s.
CREATE TABLE acd.voicemail (
    tenant_id      uuid        NOT NULL,
    voicemail_id   text        NOT NULL,
    box_id         text        NOT NULL,
    interaction_id text        NOT NULL,
    caller         text        NOT NULL DEFAULT '',
    left_at        timestamptz NOT NULL,
    duration_s     real        NOT NULL CHECK (duration_s >= 0),
    node           text        NOT NULL,
    recording      text        NOT NULL,
    sound          bytea,                  -- WAV; null until it has been fetched from the node
    is_heard       boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, voicemail_id)
);
CREATE INDEX voicemail_box ON acd.voicemail (tenant_id, box_id, left_at);
-- A WAV does not get smaller, and a part of it is read without reading it all.
ALTER TABLE acd.voicemail ALTER COLUMN sound SET STORAGE EXTERNAL;

ALTER TABLE acd.last_talk ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.last_talk FORCE ROW LEVEL SECURITY;
ALTER TABLE acd.voicemail ENABLE ROW LEVEL SECURITY;
ALTER TABLE acd.voicemail FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON acd.last_talk TO ringway_acd
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON acd.voicemail TO ringway_acd
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON acd.last_talk TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON acd.voicemail TO ringway_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON acd.last_talk, acd.voicemail TO ringway_acd;
