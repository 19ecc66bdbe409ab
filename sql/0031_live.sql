-- 0031: what the gateway of /ws/notifications/ looks for.

-- Whoever changes a row of inbox_count counts its version and dates it: the
-- gateways of other hosts find it by its date.
ALTER TABLE inbox_count
	ADD COLUMN IF NOT EXISTS version BIGINT UNSIGNED NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS changed_at DATETIME(6) NOT NULL DEFAULT '2000-01-01 00:00:00' COMMENT 'of the statement; its commit is later',
	ADD KEY IF NOT EXISTS inbox_count_changed (changed_at);

-- Tickets that have been used: one says itself whose it is and how long it
-- lasts (auth/ticket.h), and its row here is what makes it serve once.
CREATE TABLE IF NOT EXISTS live_ticket (
	hash		BINARY(32) NOT NULL COMMENT 'SHA-256 of the ticket',
	used_by		BIGINT UNSIGNED NOT NULL COMMENT 'whose row this is: a number drawn by who used it',
	expires_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (hash),
	KEY live_ticket_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
