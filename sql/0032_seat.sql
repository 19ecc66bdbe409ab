-- 0032: how many requests each worker may have under way by an account.
CREATE TABLE IF NOT EXISTS provider_seat (
	name		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	version		BIGINT UNSIGNED NOT NULL COMMENT 'one more after each change: of two who read the same, one writes',
	state		VARBINARY(700) NOT NULL COMMENT 'queue/seat.h: who holds how many, and until when',
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
