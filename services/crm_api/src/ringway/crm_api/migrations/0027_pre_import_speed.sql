-- Writers of many customers say once that no field has a key column, in place of asking row by row.
CREATE OR REPLACE TRIGGER set_key_columns BEFORE INSERT OR UPDATE OF data ON crm.customer
    FOR EACH ROW WHEN (current_setting('ringway.no_key_columns', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION crm.set_key_columns();
