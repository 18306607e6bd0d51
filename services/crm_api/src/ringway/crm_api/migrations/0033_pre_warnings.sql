-- A notice of the platform to an enterprise's admins; nobody of the enterprise withdraws it.
ALTER TABLE crm.notice ADD COLUMN is_warning boolean NOT NULL DEFAULT false;
