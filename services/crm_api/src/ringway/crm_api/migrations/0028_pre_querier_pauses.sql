-- Why a schedule of a querier stopped by itself; empty: it did not. Saving it begins anew.
ALTER TABLE crm.querier_schedule
    ADD COLUMN paused_code   text NOT NULL DEFAULT '',
    ADD COLUMN paused_reason text NOT NULL DEFAULT '';
