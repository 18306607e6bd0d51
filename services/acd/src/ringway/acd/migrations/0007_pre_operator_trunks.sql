-- Of a trunk whose account the platform's operator holds nobody is told address and account.
CREATE OR REPLACE VIEW acd.trunk_v WITH (security_invoker = true) AS
    SELECT tenant_id, trunk_id, name,
           CASE WHEN settings @> '{"is_operators": true}' THEN '' ELSE host END AS host,
           port, codecs, changed_at, is_enabled,
           CASE WHEN settings @> '{"is_operators": true}'
                THEN settings - '{username,from_user,from_domain,sources}'::text[]
                ELSE settings END AS settings
      FROM acd.trunk;
