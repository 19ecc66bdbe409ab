-- 0007: sign-in by other sites.  Written to be run again after a kill.

-- Whose account an identity of another site opens.  The key is (issuer, sub),
-- never an address (S60); bytes, for a collation would make two subs one.
CREATE TABLE IF NOT EXISTS identity (
	id		BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	issuer		VARBINARY(255) NOT NULL,
	sub		VARBINARY(255) NOT NULL,
	email		VARCHAR(254) NULL COMMENT 'as the provider said; proves nothing here',
	name		VARCHAR(200) NULL,
	created_at	DATETIME(6) NOT NULL,
	used_at		DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY identity_key (issuer, sub),
	KEY identity_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A visit to another site that has begun here (S63).  The state itself is
-- with the browser; PKCE verifier and nonce are made from it.
CREATE TABLE IF NOT EXISTS social_visit (
	id		BIGINT UNSIGNED NOT NULL,
	state_hash	BINARY(32) NOT NULL,
	browser_hash	BINARY(32) NOT NULL COMMENT 'of the state cookie',
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'who links an identity; 0: a sign-in',
	next		VARCHAR(2000) NOT NULL,
	ends_at		DATETIME(6) NOT NULL,
	used_at		DATETIME(6) NULL,
	used_key	BIGINT UNSIGNED NULL COMMENT 'of the request that took it (D20)',
	PRIMARY KEY (id),
	UNIQUE KEY social_visit_state (state_hash),
	KEY social_visit_ends (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- An identity whose address is an account's: its owner signs in there first
-- and then says yes (S61).
CREATE TABLE IF NOT EXISTS social_offer (
	id		BIGINT UNSIGNED NOT NULL,
	token_hash	BINARY(32) NOT NULL,
	browser_hash	BINARY(32) NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	issuer		VARBINARY(255) NOT NULL,
	sub		VARBINARY(255) NOT NULL,
	email		VARCHAR(254) NULL,
	name		VARCHAR(200) NULL,
	ends_at		DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY social_offer_token (token_hash),
	KEY social_offer_ends (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Requests of Facebook to delete what it told us; the code's page shows them.
CREATE TABLE IF NOT EXISTS social_deletion (
	code_hash	BINARY(32) NOT NULL,
	found		BOOLEAN NOT NULL,
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (code_hash)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
