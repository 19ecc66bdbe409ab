-- The database and one user a program, before the first migration (as root).
-- @DB@, @AUTH_API@, @AUTH_LIVE@, @AUTH_WORKER@, @AUTH_CTL@ are rendered by scripts/lib.sh
-- (for example: VIA unix_socket, or BY 'password').
CREATE DATABASE IF NOT EXISTS `@DB@` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER IF NOT EXISTS gatepost_ctl@localhost IDENTIFIED @AUTH_CTL@;
CREATE USER IF NOT EXISTS gatepost_api@localhost IDENTIFIED @AUTH_API@;
CREATE USER IF NOT EXISTS gatepost_live@localhost IDENTIFIED @AUTH_LIVE@;
CREATE USER IF NOT EXISTS gatepost_worker@localhost IDENTIFIED @AUTH_WORKER@;
GRANT ALL PRIVILEGES ON `@DB@`.* TO gatepost_ctl@localhost;
