-- 0008: other host names of the same owner (D15), and who belongs to which
-- group of people that protected sites ask for.

-- Rows live a minute; the sweeper removes them.
CREATE TABLE IF NOT EXISTS gate_code (
	code_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of 256 random bits',
	bind		BINARY(32) NOT NULL COMMENT 'SHA-256 of the state cookie at the other host',
	host		VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	session_id	BIGINT UNSIGNED NOT NULL,
	used_key	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'made by the request that used it: its redo meets it (D20)',
	expires_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (code_hash),
	KEY gate_code_expires (expires_at),
	KEY gate_code_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Groups that open doors.  Not push_group: whoever may send pushes keeps
-- those, and must not be able to let people in.
CREATE TABLE IF NOT EXISTS user_group (
	user_id		BIGINT UNSIGNED NOT NULL,
	name		VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (user_id, name),
	KEY user_group_name (name, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
