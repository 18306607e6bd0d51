-- When the next lead becomes due. `attempts >= 0` is always true; it keeps the planner from taking
-- this index for the claim, which does not say so: right after an import, when statistics know of
-- no rows, it would, and sort the whole list.
DROP INDEX dialer.lead_due, dialer.lead_open;
CREATE INDEX lead_due ON dialer.lead (tenant_id, list_id, next_attempt_at)
    WHERE closed_reason IS NULL AND open_attempt_id IS NULL AND attempts >= 0;
