-- Tenants, their keys, their order numbers, and the audit trail of administrative actions.
-- Also the one procedure by which every table of this schema gets its forced row-level security.
-- Locks: nothing that exists.

-- Every table is closed by the same three policies. The sub-select makes the tenant one InitPlan per statement; an unset
-- variable is an error (closed), never zero rows. Later migrations call this for their own tables.
CREATE PROCEDURE secure_table(target regclass, app_privileges text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY tenant ON %s TO orders_app
             USING (tenant_id = (SELECT current_setting(''app.tenant_id'')::uuid))
             WITH CHECK (tenant_id = (SELECT current_setting(''app.tenant_id'')::uuid))', target);
    EXECUTE format('CREATE POLICY owner ON %s TO orders_migrator USING (true) WITH CHECK (true)', target);
    EXECUTE format('CREATE POLICY auditor ON %s FOR SELECT TO orders_auditor USING (true)', target);
    EXECUTE format('GRANT %s ON %s TO orders_app', app_privileges, target);
    EXECUTE format('GRANT SELECT ON %s TO orders_auditor', target);
END
$$;
COMMENT ON PROCEDURE secure_table IS 'Forces row-level security on a table and grants what orders_app and orders_auditor may do.';

CREATE TABLE tenants (
    tenant_id   uuid        NOT NULL,
    name        text        NOT NULL,
    status      text        NOT NULL,
    policy      jsonb       NOT NULL,
    version     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT tenants_status_known CHECK (status IN ('active', 'suspended'))
);
COMMENT ON COLUMN tenants.policy IS 'domain::policy::TenantPolicy: stock, payment deadline, currencies.';
CALL secure_table('tenants', 'SELECT, INSERT, UPDATE');

CREATE TABLE api_keys (
    tenant_id      uuid        NOT NULL,
    id             uuid        NOT NULL,
    name           text        NOT NULL,
    scopes         text[]      NOT NULL,
    secret_sealed  bytea       NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    revoked_at     timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
COMMENT ON COLUMN api_keys.secret_sealed IS 'AES-256-GCM, additional data: table, tenant, id. HMAC needs the secret itself, so it is sealed, not hashed.';
CALL secure_table('api_keys', 'SELECT, INSERT, UPDATE');

CREATE TABLE order_numbers (
    tenant_id  uuid   NOT NULL,
    next       bigint NOT NULL,
    CONSTRAINT order_numbers_pkey PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE order_numbers IS 'The next unallotted order number. Processes take blocks of 50, so gaps and disorder are normal.';
CALL secure_table('order_numbers', 'SELECT, INSERT, UPDATE');

CREATE TABLE audit (
    tenant_id  uuid        NOT NULL,
    id         uuid        NOT NULL,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    subject    text        NOT NULL,
    detail     jsonb       NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE audit IS 'Administrative and operator actions: who did what to which subject. Append-only.';
CALL secure_table('audit', 'SELECT, INSERT');

-- Tenant 0 is the operator: administrative keys live under it, messages of unknown tenants are filed with it.
INSERT INTO tenants (tenant_id, name, status, policy, version, created_at, updated_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'operator', 'active', '{}', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
