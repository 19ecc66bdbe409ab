-- 0022: accounts at providers, what each sent today, and where a job has been.
CREATE TABLE IF NOT EXISTS provider (
	id		BIGINT UNSIGNED NOT NULL,
	name		VARCHAR(24) CHARACTER SET ascii NOT NULL COMMENT 'what job.provider and delivery.provider say',
	kind		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	settings	TEXT NOT NULL COMMENT 'JSON, nothing secret',
	secrets		VARBINARY(16384) NULL COMMENT 'JSON, AES-256-GCM under the file key, bound to the id (D24)',
	secret_names	VARCHAR(400) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'which are set, by commas',
	weight		INT UNSIGNED NOT NULL DEFAULT 1 COMMENT '0: only when no other is left',
	daily_limit	INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: none',
	per_s		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: as its kind',
	concurrency	INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: as its kind',
	is_active	BOOLEAN NOT NULL DEFAULT TRUE,
	version		BIGINT UNSIGNED NOT NULL COMMENT 'another number after each change: workers look',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	updated_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY provider_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A row an account, implicit ones too, made when it first counts.
CREATE TABLE IF NOT EXISTS provider_sent (
	name		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	day		DATE NOT NULL COMMENT 'UTC; another day: nothing was sent yet',
	sent		INT UNSIGNED NOT NULL COMMENT 'requests that were let go',
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

ALTER TABLE job ADD COLUMN IF NOT EXISTS tried VARCHAR(160) CHARACTER SET ascii NOT NULL DEFAULT ''
	COMMENT 'accounts that certainly did not take it, by commas';
ALTER TABLE job ADD COLUMN IF NOT EXISTS bound BOOLEAN NOT NULL DEFAULT FALSE
	COMMENT 'its account may have taken it: no other may get it (S51)';
