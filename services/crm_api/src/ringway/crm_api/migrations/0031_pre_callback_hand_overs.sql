-- Call-backs that the dialer is asked to take away from an agent who left, or lost the customer:
-- written with the act itself, carried out at once or later, and kept as the record of it.
CREATE TABLE crm.callback_hand_over (
    tenant_id    uuid        NOT NULL,
    hand_over_id uuid        NOT NULL,
    because      text        NOT NULL,              -- the act: 'left', 'handed_over', 'assigned', …
    from_user_id uuid        NOT NULL,
    to_user_id   uuid,                              -- NULL: the campaigns' teams
    is_cancelled boolean     NOT NULL DEFAULT false, -- they are to be cancelled instead
    callback_ids text[],                            -- NULL: all that he has
    asked_by     text        NOT NULL,
    asked_at     timestamptz NOT NULL,
    moved        integer     NOT NULL DEFAULT 0,
    to_team      integer     NOT NULL DEFAULT 0,
    cancelled    integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz,                       -- NULL: it is done
    tries        integer     NOT NULL DEFAULT 0,
    last_error   text        NOT NULL DEFAULT '',
    done_at      timestamptz,
    PRIMARY KEY (tenant_id, hand_over_id),
    CHECK ((done_at IS NULL) = (next_try_at IS NOT NULL))
);
CREATE INDEX callback_hand_over_waits ON crm.callback_hand_over (next_try_at)
    WHERE next_try_at IS NOT NULL;
CREATE INDEX callback_hand_over_of ON crm.callback_hand_over
    (tenant_id, from_user_id, hand_over_id);
ALTER TABLE crm.callback_hand_over ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.callback_hand_over FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crm.callback_hand_over TO ringway_crm_api
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON crm.callback_hand_over TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON crm.callback_hand_over TO ringway_crm_api;

-- Take one that waits, whosever it is; nobody else does until a_again.
CREATE FUNCTION crm.claim_callback_hand_over(a_now timestamptz, a_again timestamptz)
RETURNS TABLE (tenant_id uuid, hand_over_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE crm.callback_hand_over h SET next_try_at = a_again, tries = h.tries + 1
      FROM (SELECT w.tenant_id, w.hand_over_id FROM crm.callback_hand_over w
             WHERE w.next_try_at <= a_now ORDER BY w.next_try_at LIMIT 1
               FOR UPDATE SKIP LOCKED) AS due
     WHERE h.tenant_id = due.tenant_id AND h.hand_over_id = due.hand_over_id
    RETURNING h.tenant_id, h.hand_over_id
$$;
ALTER FUNCTION crm.claim_callback_hand_over(timestamptz, timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.claim_callback_hand_over(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.claim_callback_hand_over(timestamptz, timestamptz)
    TO ringway_crm_api;

-- Housekeeping over all tenants: what is done is kept 90 days.
CREATE FUNCTION crm.prune_callback_hand_overs(a_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM crm.callback_hand_over WHERE done_at < a_now - interval '90 days' RETURNING 1)
    SELECT count(*) FROM gone
$$;
ALTER FUNCTION crm.prune_callback_hand_overs(timestamptz) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION crm.prune_callback_hand_overs(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.prune_callback_hand_overs(timestamptz) TO ringway_crm_api;
