-- 0024: what people say about being written to, and what counts once.

-- The last word of an address on a channel, by the kind of entry it makes in
-- suppression.  A word that comes late is older than this, and changes nothing.
CREATE TABLE IF NOT EXISTS opt_word (
	address_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of the address as compared',
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	reason		VARCHAR(24) CHARACTER SET ascii NOT NULL COMMENT 'stopped, no_marketing',
	is_out		BOOLEAN NOT NULL COMMENT 'stop; else start',
	said_at		DATETIME(6) NOT NULL,
	PRIMARY KEY (address_hash, channel, reason),
	KEY opt_word_said (said_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Messages and reports that were taken: once each.
CREATE TABLE IF NOT EXISTS seen (
	mark		BINARY(16) NOT NULL COMMENT 'of SHA-256 of what names it',
	seen_at		DATETIME(6) NOT NULL,
	PRIMARY KEY (mark),
	KEY seen_at (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
