-- 0013: how many messages a person got of a kind on a channel: what frequency
-- caps count.
-- Forward only; written to be run again after a kill.
CREATE TABLE IF NOT EXISTS frequency (
	user_id		BIGINT UNSIGNED NOT NULL,
	scope		VARCHAR(64) CHARACTER SET ascii NOT NULL COMMENT 'what the cap is of: a type, a class or *',
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	hour_at		BIGINT NOT NULL COMMENT 'begin of the newest hour handed out, microseconds since 1970',
	hour_n		INT UNSIGNED NOT NULL COMMENT 'places taken of it',
	day_at		BIGINT NOT NULL,
	day_n		INT UNSIGNED NOT NULL,
	go_at		BIGINT NOT NULL COMMENT 'the place that was given last',
	PRIMARY KEY (user_id, scope, channel),
	KEY frequency_go (go_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
