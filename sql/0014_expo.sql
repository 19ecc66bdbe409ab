-- Apps' tokens beside browsers' subscriptions, and what a provider is still
-- to say of what it accepted (Expo's receipts).

ALTER TABLE device ADD COLUMN IF NOT EXISTS device_type VARCHAR(8) CHARACTER SET ascii NOT NULL DEFAULT ''
    COMMENT 'ios, android; empty: a browser' AFTER kind;

-- Committed with the delivery's "sent", gone with its last word, so that no
-- kill in between loses one.  No person stands here: the delivery names whom.
CREATE TABLE IF NOT EXISTS receipt (
	notification_id	BIGINT UNSIGNED NOT NULL,
	seq		INT UNSIGNED NOT NULL,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	ticket		VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
	    COMMENT 'what the provider calls it; empty: it is being sent again',
	sent_at		DATETIME(6) NOT NULL,
	ask_at		DATETIME(6) NULL COMMENT 'not before this; while it is asked for: when another worker may',
	asked		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'answers without a word on it',
	resent		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'times that its receipt asked for another try',
	claim		BIGINT UNSIGNED NOT NULL DEFAULT 0,
	ends_at		DATETIME(6) NOT NULL COMMENT 'the provider forgets it then',
	PRIMARY KEY (notification_id, seq),
	KEY receipt_due (provider, ask_at),
	KEY receipt_claim (claim),
	KEY receipt_ends (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
