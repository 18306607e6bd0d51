-- Recordings: what is stored, what is still to be collected, and how files are numbered.
CREATE SCHEMA recorder;
GRANT USAGE ON SCHEMA recorder TO ringway_recorder, ringway_crm_api;

-- One row per interaction whose audio is stored, or is known to be missing.
CREATE TABLE recorder.recording (
    tenant_id uuid NOT NULL,
    recording_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    duration_s double precision NOT NULL CHECK (duration_s >= 0),
    caller text NOT NULL,
    called text NOT NULL,
    agent_id uuid NOT NULL,
    agent_number text NOT NULL,
    state text NOT NULL CHECK (state IN ('stored', 'missing')),
    reason text NOT NULL DEFAULT '', -- why it is missing
    file_name text,                  -- inside the store: tenant/agent/number.wav
    size_bytes bigint NOT NULL DEFAULT 0,
    sha256 text NOT NULL DEFAULT '', -- of the whole file, hexadecimal
    node text NOT NULL,              -- the Asterisk node that recorded it
    settled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, recording_id),
    UNIQUE (tenant_id, interaction_id),
    UNIQUE (tenant_id, file_name),
    CHECK ((state = 'stored') = (file_name IS NOT NULL))
);
CREATE INDEX recording_by_start ON recorder.recording (tenant_id, started_at DESC);
CREATE INDEX recording_by_agent ON recorder.recording (tenant_id, agent_number, started_at DESC);
CREATE INDEX recording_by_caller ON recorder.recording (tenant_id, caller, started_at DESC);
CREATE INDEX recording_by_called ON recorder.recording (tenant_id, called, started_at DESC);

-- The last number given to a file in an agent's folder.
CREATE TABLE recorder.agent_folder (
    tenant_id uuid NOT NULL,
    folder text NOT NULL,
    last_number bigint NOT NULL CHECK (last_number > 0),
    PRIMARY KEY (tenant_id, folder)
);

-- Audio that Asterisk still has. A job whose next_try_at is null was given up; it comes back to
-- life when the sweep finds the files after all.
CREATE TABLE recorder.job (
    tenant_id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    node text NOT NULL,
    half_agent text NOT NULL,    -- Asterisk's name of what the agent said
    half_customer text NOT NULL, -- Asterisk's name of what the customer said
    started_at timestamptz NOT NULL,
    talk_s double precision NOT NULL,
    caller text NOT NULL,
    called text NOT NULL,
    agent_id uuid NOT NULL,
    agent_number text NOT NULL,
    file_number bigint,          -- given once, so that a repeated try writes the same file
    tries integer NOT NULL DEFAULT 0,
    misses integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    next_try_at timestamptz DEFAULT now(),
    claimed_by text,
    claimed_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX job_due ON recorder.job (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX job_by_interaction ON recorder.job (interaction_id);
CREATE INDEX recording_by_interaction ON recorder.recording (interaction_id);

ALTER TABLE recorder.recording ENABLE ROW LEVEL SECURITY;
ALTER TABLE recorder.recording FORCE ROW LEVEL SECURITY;
ALTER TABLE recorder.agent_folder ENABLE ROW LEVEL SECURITY;
ALTER TABLE recorder.agent_folder FORCE ROW LEVEL SECURITY;
ALTER TABLE recorder.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE recorder.job FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_isolation ON recorder.recording TO ringway_recorder, ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON recorder.recording TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON recorder.agent_folder TO ringway_recorder
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON recorder.agent_folder TO ringway_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant_isolation ON recorder.job TO ringway_recorder
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON recorder.job TO ringway_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON recorder.recording, recorder.agent_folder TO ringway_recorder;
GRANT SELECT, INSERT, UPDATE, DELETE ON recorder.job TO ringway_recorder;
-- The view runs with the rights of whoever reads it, so its reader needs the table too.
GRANT SELECT ON recorder.recording TO ringway_crm_api;

CREATE VIEW recorder.recording_v WITH (security_invoker = true) AS
SELECT tenant_id, recording_id, interaction_id, started_at, duration_s, caller, called,
       agent_id, agent_number, state, reason, file_name, size_bytes, sha256, node, settled_at
  FROM recorder.recording;
GRANT SELECT ON recorder.recording_v TO ringway_recorder, ringway_crm_api;

-- A recorder works for all tenants. These few functions are its only view across them.

-- Take due jobs for ``claimer``; what another replica is taking at this moment is skipped. A
-- claim ends by itself, so the jobs of a replica that is gone go to another.
CREATE FUNCTION recorder.claim_jobs(claimer text, at_most integer, hold interval)
RETURNS SETOF recorder.job
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, interaction_id FROM recorder.job
         WHERE next_try_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
         ORDER BY next_try_at
         LIMIT at_most FOR UPDATE SKIP LOCKED
    )
    UPDATE recorder.job AS j SET claimed_by = claimer, claimed_until = now() + hold
      FROM due WHERE j.tenant_id = due.tenant_id AND j.interaction_id = due.interaction_id
    RETURNING j.*
$$;

-- Give back what an earlier process of the same replica had taken.
CREATE FUNCTION recorder.release_jobs(claimer text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE recorder.job SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = claimer
$$;

-- Say what is known of interactions: 'stored', 'missing', or 'waiting' to be collected.
CREATE FUNCTION recorder.state_of(interactions uuid[])
RETURNS TABLE (interaction_id uuid, state text, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.interaction_id, r.state, r.reason FROM recorder.recording AS r
     WHERE r.interaction_id = ANY (interactions)
    UNION ALL
    SELECT j.interaction_id, 'waiting', '' FROM recorder.job AS j
     WHERE j.interaction_id = ANY (interactions) AND NOT EXISTS (
        SELECT 1 FROM recorder.recording AS r
         WHERE r.tenant_id = j.tenant_id AND r.interaction_id = j.interaction_id)
$$;

-- Try these now: their audio was just seen on a node. Jobs given up start anew.
CREATE FUNCTION recorder.wake_jobs(interactions uuid[]) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH woken AS (
        UPDATE recorder.job
           SET misses = CASE WHEN next_try_at IS NULL THEN 0 ELSE misses END, next_try_at = now()
         WHERE interaction_id = ANY (interactions)
           AND (next_try_at IS NULL OR next_try_at > now())
           AND (claimed_until IS NULL OR claimed_until <= now())
        RETURNING 1
    )
    SELECT count(*)::integer FROM woken
$$;

-- How much is still to be collected, and for how long the oldest has been waiting (seconds).
CREATE FUNCTION recorder.backlog(OUT jobs bigint, OUT oldest_s double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)
      FROM recorder.job WHERE next_try_at IS NOT NULL
$$;

REVOKE ALL ON FUNCTION recorder.claim_jobs(text, integer, interval),
    recorder.release_jobs(text), recorder.state_of(uuid[]), recorder.wake_jobs(uuid[]),
    recorder.backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION recorder.claim_jobs(text, integer, interval),
    recorder.release_jobs(text), recorder.state_of(uuid[]), recorder.wake_jobs(uuid[]),
    recorder.backlog() TO ringway_recorder;

-- Facts to announce, written in the transaction that makes them true.
CREATE TABLE recorder.outbox (
    tenant_id   uuid        NOT NULL,
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    message_id  text        NOT NULL,
    type        text        NOT NULL,
    subject     text        NOT NULL,
    payload     bytea       NOT NULL,
    traceparent text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_in_order ON recorder.outbox (id);
ALTER TABLE recorder.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE recorder.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON recorder.outbox TO ringway_recorder
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON recorder.outbox TO ringway_owner USING (true) WITH CHECK (true);
-- The relay serves all tenants, and says so in its own transactions only.
CREATE POLICY relay ON recorder.outbox TO ringway_recorder
    USING (current_setting('ringway.relay', true) = 'on') WITH CHECK (false);
GRANT SELECT, INSERT, UPDATE, DELETE ON recorder.outbox TO ringway_recorder;
