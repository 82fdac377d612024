-- The service's database roles. They belong to the cluster, not to a database: run once by an administrator
-- (xtask, the operator or CloudNativePG) before the first migration. Safe to run again; sets no password.
--
--   orders_migrator  owns every table; used by migrate and prune-records
--   orders_app       HTTP functions and consumers: one tenant at a time, by row-level security
--   orders_relay     outbox-relay and the finding half of cross-tenant jobs: message tables of all tenants, nothing else
--   orders_auditor   audit-ledger: SELECT everywhere
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['orders_migrator', 'orders_app', 'orders_relay', 'orders_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was quicker
            END;
        END IF;
    END LOOP;
END
$$;
