-- An enterprise's own sign-in page; without a title it has none.
ALTER TABLE crm.security_policy ADD COLUMN sign_in_title text NOT NULL DEFAULT '';
