-- Call detail records, written by Asterisk itself (cdr_pgsql): the dialer balances its books
-- against them after a crash. Asterisk knows no tenants, so the table has none; only the dialer
-- reads it, by the channel ids that it chose itself (uniqueid).
CREATE SCHEMA IF NOT EXISTS asterisk;

CREATE TABLE asterisk.cdr (
    -- A default and not an identity: for a required column without a default Asterisk writes 0.
    id          bigserial PRIMARY KEY,
    calldate    timestamptz NOT NULL,
    clid        text NOT NULL DEFAULT '',
    src         text NOT NULL DEFAULT '',
    dst         text NOT NULL DEFAULT '',
    dcontext    text NOT NULL DEFAULT '',
    channel     text NOT NULL DEFAULT '',
    dstchannel  text NOT NULL DEFAULT '',
    lastapp     text NOT NULL DEFAULT '',
    lastdata    text NOT NULL DEFAULT '',
    "start"     timestamptz,
    answer      timestamptz,
    "end"       timestamptz,
    duration    integer NOT NULL DEFAULT 0, -- seconds, start to end
    billsec     integer NOT NULL DEFAULT 0, -- seconds, answer to end
    disposition text NOT NULL DEFAULT '',
    amaflags    text NOT NULL DEFAULT '',
    accountcode text NOT NULL DEFAULT '',
    uniqueid    text NOT NULL DEFAULT '',
    userfield   text NOT NULL DEFAULT '',
    linkedid    text NOT NULL DEFAULT '',
    sequence    integer NOT NULL DEFAULT 0
);

CREATE INDEX cdr_uniqueid ON asterisk.cdr (uniqueid);
CREATE INDEX cdr_calldate ON asterisk.cdr (calldate);

-- Asterisk may add and nothing else.
GRANT USAGE ON SCHEMA asterisk TO ringway_asterisk, ringway_dialer;
GRANT INSERT ON asterisk.cdr TO ringway_asterisk;
GRANT USAGE ON SEQUENCE asterisk.cdr_id_seq TO ringway_asterisk;
-- The dialer reads, and removes what is too old to matter.
GRANT SELECT, DELETE ON asterisk.cdr TO ringway_dialer;
