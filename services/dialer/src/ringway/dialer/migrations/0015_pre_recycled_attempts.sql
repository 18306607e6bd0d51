-- A lead that is recycled has all its attempts again; the numbers of its attempts go on.
ALTER TABLE dialer.lead ADD COLUMN attempts_before integer NOT NULL DEFAULT 0;
ALTER TABLE dialer.attempt ADD COLUMN attempts_before integer NOT NULL DEFAULT 0;
