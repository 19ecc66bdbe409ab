-- 0006: changes of phone and e-mail that the old address may undo (S59).
-- Forward only; written to be run again after a kill.
CREATE TABLE IF NOT EXISTS change_undo (
	id		BIGINT UNSIGNED NOT NULL,
	token_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of 128 random bits',
	user_id		BIGINT UNSIGNED NOT NULL,
	kind		VARCHAR(8) CHARACTER SET ascii NOT NULL COMMENT 'phone, email',
	old_value	VARCHAR(254) NOT NULL COMMENT 'as it was typed',
	old_key		VARCHAR(254) COLLATE utf8mb4_bin NOT NULL COMMENT 'as proved addresses are compared: nobody else may prove it meanwhile',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	expires_at	DATETIME(6) NOT NULL,
	used_at		DATETIME(6) NULL COMMENT 'undone, or overtaken by an earlier one',
	used_key	BIGINT UNSIGNED NULL COMMENT 'made by the request that used it: its redo meets it (D20)',
	PRIMARY KEY (id),
	UNIQUE KEY undo_token (token_hash),
	KEY undo_user (user_id, kind, id),
	KEY undo_old (old_key, kind),
	KEY undo_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
