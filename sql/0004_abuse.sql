-- 0004: money for SMS (S46 to S48).  No column tells a person: numbers and
-- addresses are keyed HMACs, prefixes are of some thousands of numbers.

-- What has been spent in a window, by one committed statement a counter.
CREATE TABLE IF NOT EXISTS sms_spend (
	k		BINARY(16) NOT NULL COMMENT 'HMAC of scope, window and subject',
	scope		TINYINT UNSIGNED NOT NULL COMMENT 'enum sms_scope of store/sms.h',
	label		VARCHAR(16) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'prefix or country; empty for what is somebody''s',
	window_s	INT UNSIGNED NOT NULL,
	window_at	DATETIME(6) NOT NULL,
	spent		BIGINT UNSIGNED NOT NULL,
	PRIMARY KEY (k),
	KEY sms_spend_window (window_at),
	KEY sms_spend_scope (scope, label)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- One row a message that was paid for: what to give back, and whether its
-- code came back to us.
CREATE TABLE IF NOT EXISTS sms_charge (
	notification_id	BIGINT UNSIGNED NOT NULL,
	flow_id		BIGINT UNSIGNED NOT NULL,
	at		DATETIME(6) NOT NULL,
	cost		BIGINT UNSIGNED NOT NULL,
	prefix		VARCHAR(16) CHARACTER SET ascii NOT NULL,
	counted		VARBINARY(240) NOT NULL COMMENT 'counters: scope and key, 17 bytes each',
	state		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 reserved, 1 given back, 2 billed, 3 nobody''s',
	is_code		BOOLEAN NOT NULL COMMENT 'a notice is not answered by anybody',
	verified	BOOLEAN NOT NULL DEFAULT FALSE,
	PRIMARY KEY (notification_id),
	KEY sms_charge_flow (flow_id),
	KEY sms_charge_state (state, notification_id),
	KEY sms_charge_prefix (prefix, at),
	KEY sms_charge_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Prefixes that get no message for now (S48).
CREATE TABLE IF NOT EXISTS sms_prefix (
	prefix		VARCHAR(16) CHARACTER SET ascii NOT NULL,
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	tripped_at	DATETIME(6) NOT NULL,
	until_at	DATETIME(6) NOT NULL COMMENT 'sends before it do not count again',
	PRIMARY KEY (prefix)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
