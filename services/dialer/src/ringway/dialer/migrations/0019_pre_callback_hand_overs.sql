-- What became of call-backs that were taken away from their agents: a request that is repeated
-- tells the same sums. Nobody repeats one after a month.
CREATE TABLE dialer.callback_hand_over (
    tenant_id    uuid        NOT NULL,
    hand_over_id text        NOT NULL,
    moved        integer     NOT NULL DEFAULT 0,
    to_team      integer     NOT NULL DEFAULT 0,
    cancelled    integer     NOT NULL DEFAULT 0,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, hand_over_id)
);
ALTER TABLE dialer.callback_hand_over ENABLE ROW LEVEL SECURITY;
ALTER TABLE dialer.callback_hand_over FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON dialer.callback_hand_over TO ringway_dialer
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON dialer.callback_hand_over TO ringway_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON dialer.callback_hand_over TO ringway_dialer;
