-- 0026: digests: what somebody gets on a channel until a moment of his, as one
-- message.
-- Forward only; written to be run again after a kill.

-- One row a person, channel and moment while it gathers (open 1); then the
-- message that carries it, whose state its items follow.
CREATE TABLE IF NOT EXISTS digest (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	user_id		BIGINT UNSIGNED NOT NULL,
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	due_at		BIGINT NOT NULL COMMENT 'microseconds since 1970: whose items come together',
	run_at		DATETIME(6) NOT NULL COMMENT 'when it is made: at due_at, or sooner',
	open		BOOLEAN NULL COMMENT '1 it gathers; NULL it is made',
	items		INT UNSIGNED NOT NULL COMMENT 'ever gathered: the fence of who makes it',
	carrier_id	BIGINT UNSIGNED NULL COMMENT 'the notification that carries them',
	closed_at	DATETIME(6) NULL,
	follow_at	DATETIME(6) NULL COMMENT 'when to look what became of the carrier',
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY digest_of (user_id, channel, due_at, open),
	KEY digest_run (open, run_at),
	KEY digest_follow (follow_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- The deliveries it is of; while it gathers each has a job in state 4, so that
-- a cancel, a reading and a purge find them as they find all others.
CREATE TABLE IF NOT EXISTS digest_item (
	digest_id	BIGINT UNSIGNED NOT NULL,
	notification_id	BIGINT UNSIGNED NOT NULL,
	seq		INT UNSIGNED NOT NULL,
	PRIMARY KEY (digest_id, notification_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
