-- 0028: how fast all workers together send by an account.
CREATE TABLE IF NOT EXISTS provider_rate (
	name		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	version		BIGINT UNSIGNED NOT NULL COMMENT 'one more after each change: of two who read the same, one writes',
	state		VARBINARY(600) NOT NULL COMMENT 'queue/rate.h: what left, by 5 ms, of a bit more than a second',
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
