-- What the first seconds of an answered call told, and what was played to it.
ALTER TABLE dialer.attempt
    ADD COLUMN answerer          text,     -- person, machine, fax, nobody, unsure
    ADD COLUMN answerer_reason   text,
    ADD COLUMN detected_after_ms integer,
    ADD COLUMN message_left      boolean NOT NULL DEFAULT false,
    ADD COLUMN script_answer     text;     -- by key, in a campaign without agents

CREATE OR REPLACE VIEW dialer.attempt_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
           phone_e164, caller_id, mode, trunk_id, node, claimed_at, placed_at AS started_at,
           answered_at, ended_at, disposition, cause_q850, tech_cause, agent_id,
           answerer, answerer_reason, detected_after_ms, message_left, script_answer
      FROM dialer.attempt;
