-- Readiness: does PostgreSQL answer?
SELECT 1
