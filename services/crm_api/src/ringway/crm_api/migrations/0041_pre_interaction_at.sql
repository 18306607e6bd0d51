-- no transaction
-- A window of the call history has the calls, too, that nobody answered.
CREATE INDEX CONCURRENTLY IF NOT EXISTS interaction_at ON crm.interaction
    (tenant_id, (coalesce(answered_at, started_at, connected_at, ended_at)));
