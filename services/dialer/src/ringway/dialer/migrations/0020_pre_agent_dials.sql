-- Calls by whose they were: of the agent who talked, or for whom they were dialed. What was dialed
-- ahead is nobody's until somebody talks.
CREATE VIEW dialer.agent_dial_v WITH (security_invoker = true) AS
    SELECT tenant_id, attempt_id, interaction_id, campaign_id,
           coalesce(agent_id, reserved_agent_id) AS agent_id, caller_id,
           placed_at AS started_at, answered_at, ended_at
      FROM dialer.attempt
     WHERE placed_at IS NOT NULL AND coalesce(agent_id, reserved_agent_id) IS NOT NULL;
GRANT SELECT ON dialer.agent_dial_v TO ringway_crm_api;
