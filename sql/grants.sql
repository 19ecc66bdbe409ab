-- Least rights, table by table, after the migrations (as root; again after
-- each).  A program that lacks a right does not start: every statement is
-- proved as its own user (D4).  @DB@ is rendered by scripts/lib.sh.
GRANT EXECUTE ON PROCEDURE `@DB@`.gp_accept TO gatepost_api@localhost;
