-- 0010: second factors.  They belong to the account, whatever the way in (S67).

CREATE TABLE IF NOT EXISTS mfa (
	user_id		BIGINT UNSIGNED NOT NULL,
	seed		VARBINARY(160) NULL COMMENT 'TOTP seed: AES-256-GCM, bound to user and seed_id (D24); NULL: no authenticator app',
	seed_id		BIGINT UNSIGNED NULL,
	seed_at		DATETIME(6) NULL,
	step		BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'last time step that was accepted (S66)',
	step_key	BIGINT UNSIGNED NULL COMMENT 'of the unit of work that used it: its redo meets it (D20)',
	next_seed	VARBINARY(160) NULL COMMENT 'begun, not confirmed',
	next_id		BIGINT UNSIGNED NULL,
	next_ends_at	DATETIME(6) NULL,
	sms		BOOLEAN NULL COMMENT 'code to the proved phone: TRUE a factor by itself, NULL beside an app, FALSE never',
	email		BOOLEAN NULL COMMENT 'the same of the proved e-mail address',
	reset_by	VARCHAR(12) CHARACTER SET ascii NULL COMMENT 'channel that last reset the password: no second factor until another one was shown (S58)',
	PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

CREATE TABLE IF NOT EXISTS recovery_code (
	user_id		BIGINT UNSIGNED NOT NULL,
	code_mac	BINARY(32) NOT NULL COMMENT 'keyed HMAC of user and code, 120 random bits (S69)',
	used_at		DATETIME(6) NULL,
	used_key	BIGINT UNSIGNED NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (user_id, code_mac)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- A sign-in whose first step was right: what an mfa_token names (D11).
CREATE TABLE IF NOT EXISTS mfa_flow (
	id		BIGINT UNSIGNED NOT NULL,
	token_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of mfa_token',
	user_id		BIGINT UNSIGNED NOT NULL,
	amr		VARCHAR(40) CHARACTER SET ascii NOT NULL COMMENT 'of the first step',
	channel		VARCHAR(12) CHARACTER SET ascii NULL COMMENT 'where the code of the first step went: no second factor',
	sent		VARCHAR(12) CHARACTER SET ascii NULL COMMENT 'method last asked for',
	tries		TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_at	DATETIME(6) NOT NULL,
	expires_at	DATETIME(6) NOT NULL,
	used_at		DATETIME(6) NULL,
	used_key	BIGINT UNSIGNED NULL,
	PRIMARY KEY (id),
	UNIQUE KEY mfa_flow_token (token_hash),
	KEY mfa_flow_user (user_id),
	KEY mfa_flow_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
