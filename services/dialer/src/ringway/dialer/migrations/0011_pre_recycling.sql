-- How often a lead was opened again because nothing else was left to dial.
ALTER TABLE dialer.lead ADD COLUMN recycled smallint NOT NULL DEFAULT 0;
