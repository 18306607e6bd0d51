-- Roles and the database, as `./ringway up` makes them. The server's first start runs it; for a
-- PostgreSQL of your own run it with psql as a superuser, with the same variables set.
\getenv password PASSWORD_OWNER
CREATE ROLE ringway_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
\getenv password PASSWORD_ACD
CREATE ROLE ringway_acd LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
\getenv password PASSWORD_DIALER
CREATE ROLE ringway_dialer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
\getenv password PASSWORD_RECORDER
CREATE ROLE ringway_recorder LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
\getenv password PASSWORD_CRM_API
CREATE ROLE ringway_crm_api LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
\getenv password PASSWORD_ASTERISK
CREATE ROLE ringway_asterisk LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE ringway;
REVOKE ALL ON DATABASE ringway FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE ringway TO ringway_owner;
GRANT CONNECT ON DATABASE ringway TO ringway_acd, ringway_dialer, ringway_recorder, ringway_crm_api, ringway_asterisk;
-- Asterisk names its table without a schema and writes times without a zone.
ALTER ROLE ringway_asterisk SET search_path = asterisk;
ALTER ROLE ringway_asterisk SET timezone = 'UTC';
