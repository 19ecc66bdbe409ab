-- 0016: webhooks that the site has us call when a delivery changes its state.

CREATE TABLE IF NOT EXISTS webhook (
	id		BIGINT UNSIGNED NOT NULL,
	url		VARCHAR(2000) NOT NULL,
	origin		VARCHAR(254) CHARACTER SET ascii NOT NULL COMMENT 'https://host:port: what the log shows, and what is paused',
	description	VARCHAR(200) NOT NULL DEFAULT '',
	events		VARCHAR(200) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'states, comma-separated; empty: all',
	secret		VARBINARY(200) NOT NULL COMMENT 'AES-256-GCM, bound to the id (D24)',
	is_active	BOOLEAN NOT NULL DEFAULT TRUE,
	created_at	DATETIME(6) NOT NULL,
	updated_at	DATETIME(6) NOT NULL,
	last_ok_at	DATETIME(6) NULL,
	failing_at	DATETIME(6) NULL COMMENT 'nothing arrived since; past a limit it is switched off',
	disabled_at	DATETIME(6) NULL,
	disabled_reason	VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	replay_id	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'a replay has come so far in delivery …',
	replay_seq	INT UNSIGNED NOT NULL DEFAULT 0,
	replay_end	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '… and goes to here; 0: none runs',
	PRIMARY KEY (id),
	KEY webhook_active (is_active, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What happened and is to be told: written in the transaction that changed
-- the delivery, turned into a message of the queue within a second.
CREATE TABLE IF NOT EXISTS webhook_event (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	webhook_id	BIGINT UNSIGNED NOT NULL,
	notification_id	BIGINT UNSIGNED NOT NULL COMMENT '0: a test',
	seq		INT UNSIGNED NOT NULL,
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL,
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	attempts	SMALLINT UNSIGNED NOT NULL,
	at		DATETIME(6) NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
