-- Least rights, table by table, after the migrations (as root; again after
-- each).  A program that lacks a right does not start: every statement is
-- proved as its own user (D4).  @DB@ is rendered by scripts/lib.sh.
-- Made by scripts/gen-grants from the statements; do not edit.
GRANT EXECUTE ON PROCEDURE `@DB@`.gp_accept TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.admin_token TO gatepost_api@localhost;
GRANT INSERT ON `@DB@`.audit TO gatepost_api@localhost;
GRANT SELECT ON `@DB@`.delivery TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.device TO gatepost_api@localhost;
GRANT SELECT, INSERT ON `@DB@`.idempotency TO gatepost_api@localhost;
GRANT SELECT, INSERT ON `@DB@`.job TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.known_device TO gatepost_api@localhost;
GRANT SELECT, INSERT ON `@DB@`.notification TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.otp TO gatepost_api@localhost;
GRANT SELECT, INSERT, DELETE ON `@DB@`.push_group TO gatepost_api@localhost;
GRANT SELECT, INSERT, DELETE ON `@DB@`.push_group_device TO gatepost_api@localhost;
GRANT SELECT, INSERT, DELETE ON `@DB@`.push_group_user TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.revocation TO gatepost_api@localhost;
GRANT SELECT ON `@DB@`.schema_migration TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.session TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.throttle TO gatepost_api@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.user TO gatepost_api@localhost;
GRANT SELECT, INSERT ON `@DB@`.user_salt TO gatepost_api@localhost;
GRANT EXECUTE ON PROCEDURE `@DB@`.gp_accept TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.audit TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.delivery TO gatepost_worker@localhost;
GRANT SELECT, UPDATE ON `@DB@`.device TO gatepost_worker@localhost;
GRANT SELECT, DELETE ON `@DB@`.idempotency TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.job TO gatepost_worker@localhost;
GRANT SELECT, DELETE ON `@DB@`.known_device TO gatepost_worker@localhost;
GRANT SELECT, UPDATE ON `@DB@`.lease TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.notification TO gatepost_worker@localhost;
GRANT SELECT, UPDATE, DELETE ON `@DB@`.otp TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE ON `@DB@`.provider_state TO gatepost_worker@localhost;
GRANT SELECT ON `@DB@`.push_group_device TO gatepost_worker@localhost;
GRANT SELECT ON `@DB@`.push_group_user TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.revocation TO gatepost_worker@localhost;
GRANT SELECT ON `@DB@`.schema_migration TO gatepost_worker@localhost;
GRANT SELECT, DELETE ON `@DB@`.session TO gatepost_worker@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON `@DB@`.throttle TO gatepost_worker@localhost;
GRANT SELECT, UPDATE, DELETE ON `@DB@`.user TO gatepost_worker@localhost;
GRANT SELECT, INSERT ON `@DB@`.user_salt TO gatepost_worker@localhost;
