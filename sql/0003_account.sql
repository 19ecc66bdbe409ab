-- 0003: an account's end, and acting for somebody else.

-- One row an account that is closing.  It outlives the user's row until the
-- last personal row is gone, so that a purge that was killed goes on.
CREATE TABLE IF NOT EXISTS closing (
	user_id		BIGINT UNSIGNED NOT NULL,
	asked_at	DATETIME(6) NOT NULL,
	purge_at	DATETIME(6) NOT NULL,
	was_active	BOOLEAN NOT NULL COMMENT 'what a restore sets; an admin who disables it meanwhile clears it',
	close_key	BIGINT UNSIGNED NOT NULL COMMENT 'of the request: its redo meets it (D20)',
	link_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of the undo link''s 128 bits',
	token_hash	BINARY(32) NULL COMMENT 'of the token that the right password gives',
	token_ends_at	DATETIME(6) NULL,
	restored_at	DATETIME(6) NULL,
	restored_key	BIGINT UNSIGNED NULL,
	purging_at	DATETIME(6) NULL COMMENT 'from here on there is no way back',
	PRIMARY KEY (user_id),
	UNIQUE KEY closing_link (link_hash),
	UNIQUE KEY closing_token (token_hash),
	KEY closing_purge (purge_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Superusers are few among many: who removes one locks them all.
ALTER TABLE user
	ADD KEY IF NOT EXISTS user_superuser (is_superuser, id);

-- Impersonation: who acts in the session of user_id.
ALTER TABLE session
	ADD COLUMN IF NOT EXISTS actor_id BIGINT UNSIGNED NOT NULL DEFAULT 0
	    COMMENT 'the superuser who acts as user_id (RFC 8693 act)',
	ADD COLUMN IF NOT EXISTS acting BIGINT UNSIGNED NULL
	    COMMENT 'actor_id until the end is in the audit',
	ADD KEY IF NOT EXISTS session_acting (acting);

-- Rows that somebody wrote about others are his personal data too.
ALTER TABLE audit
	ADD KEY IF NOT EXISTS audit_actor (actor_id, id);
