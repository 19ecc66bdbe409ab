-- 0001: the core.  Forward only; written to be run again after a kill.
-- Times are UTC DATETIME(6).  Ids are made by the application, time-ordered
-- (D20), but a user's, which stays a small integer beside reg_key.
-- No foreign keys where D21 forbids them: personal data is found by the
-- column name user_id.

CREATE TABLE IF NOT EXISTS user (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	reg_key		BIGINT UNSIGNED NOT NULL COMMENT 'made before the insert: a redo meets it',
	phone		VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'E.164',
	phone_verified_at DATETIME(6) NULL,
	phone_proved	VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin
	    GENERATED ALWAYS AS (IF(phone_verified_at IS NULL, NULL, phone)) STORED,
	email		VARCHAR(254) NULL COMMENT 'as typed: mail goes there',
	email_cmp	VARCHAR(254) COLLATE utf8mb4_bin NULL COMMENT 'lower case: looked up',
	email_unique	VARCHAR(254) COLLATE utf8mb4_bin NULL COMMENT 'Gmail without dots: unique when proved',
	email_verified_at DATETIME(6) NULL,
	email_proved	VARCHAR(254) COLLATE utf8mb4_bin
	    GENERATED ALWAYS AS (IF(email_verified_at IS NULL, NULL, email_unique)) STORED,
	first_name	VARCHAR(150) NOT NULL DEFAULT '',
	last_name	VARCHAR(150) NOT NULL DEFAULT '',
	birthday	DATE NULL,
	gender		CHAR(1) NULL,
	locale		VARCHAR(16) NULL,
	time_zone	VARCHAR(64) NULL,
	is_active	BOOLEAN NOT NULL DEFAULT TRUE,
	is_staff	BOOLEAN NOT NULL DEFAULT FALSE,
	is_superuser	BOOLEAN NOT NULL DEFAULT FALSE,
	password	VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'PHC string',
	password_at	DATETIME(6) NULL,
	not_before	DATETIME(6) NULL COMMENT 'access tokens issued before are dead (D8)',
	claim_ends_at	DATETIME(6) NULL COMMENT 'unproved accounts go then (D9)',
	last_login_at	DATETIME(6) NULL,
	last_login_ip	VARCHAR(45) CHARACTER SET ascii NULL,
	country		CHAR(2) CHARACTER SET ascii NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	updated_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY user_reg_key (reg_key),
	UNIQUE KEY user_phone_proved (phone_proved),
	UNIQUE KEY user_email_proved (email_proved),
	KEY user_phone (phone, id),
	KEY user_email_cmp (email_cmp, id),
	KEY user_email_unique (email_unique, id),
	KEY user_claim (claim_ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row a family (D7).  Counters only: a dump yields no usable token (S7).
CREATE TABLE IF NOT EXISTS session (
	id		BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	current		INT UNSIGNED NOT NULL DEFAULT 1,
	parent		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the counter that became current',
	newest		INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'highest counter ever given',
	killed		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'unused successor that was superseded',
	rotated_at	DATETIME(6) NOT NULL COMMENT 'iat of the current pair',
	killed_at	DATETIME(6) NULL,
	minute_at	DATETIME(6) NOT NULL COMMENT 'refreshes are counted here, not in throttle',
	minute_n	INT UNSIGNED NOT NULL DEFAULT 0,
	created_at	DATETIME(6) NOT NULL,
	auth_at		DATETIME(6) NOT NULL COMMENT 'last proof of a credential (user+fresh)',
	idle_ends_at	DATETIME(6) NOT NULL,
	ends_at		DATETIME(6) NOT NULL,
	ended_at	DATETIME(6) NULL,
	end_reason	VARCHAR(24) CHARACTER SET ascii NULL,
	claim		BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a session of an unproved account (D9)',
	amr		VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT 'pwd',
	ip		VARCHAR(45) CHARACTER SET ascii NULL,
	country		CHAR(2) CHARACTER SET ascii NULL,
	user_agent	VARCHAR(255) NULL,
	last_ip		VARCHAR(45) CHARACTER SET ascii NULL,
	PRIMARY KEY (id),
	KEY session_user (user_id, ended_at, id),
	KEY session_purge (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What the master copies into shared memory (D8).  Rows vanish by expiry (S13).
CREATE TABLE IF NOT EXISTS revocation (
	id		BIGINT UNSIGNED NOT NULL,
	session_id	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: a user''s not-before',
	user_id		BIGINT UNSIGNED NOT NULL,
	not_before	DATETIME(6) NOT NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	expires_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	KEY revocation_created (created_at),
	KEY revocation_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A flow that a code proves.  register_id is 128 random bits, stored hashed.
CREATE TABLE IF NOT EXISTS otp (
	id		BIGINT UNSIGNED NOT NULL,
	register_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of register_id',
	purpose		VARCHAR(16) CHARACTER SET ascii NOT NULL COMMENT 'register, login, reset, phone, email',
	user_id		BIGINT UNSIGNED NULL COMMENT 'NULL: nobody has this address; the flow looks the same',
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	target		VARCHAR(254) NOT NULL COMMENT 'E.164 or e-mail as compared',
	code_mac	BINARY(32) NOT NULL COMMENT 'keyed HMAC of purpose, target, flow, code',
	issue		INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'how many codes this flow has had',
	tries		TINYINT UNSIGNED NOT NULL DEFAULT 0,
	sent_at		DATETIME(6) NOT NULL,
	expires_at	DATETIME(6) NOT NULL COMMENT 'of the code',
	flow_ends_at	DATETIME(6) NOT NULL,
	used_at		DATETIME(6) NULL,
	proved_at	DATETIME(6) NULL COMMENT 'reset/verify: the new password may be set until +10 min',
	done_at		DATETIME(6) NULL,
	used_key	BIGINT UNSIGNED NULL COMMENT 'made by the request that used the code: its redo meets it (D20)',
	done_key	BIGINT UNSIGNED NULL COMMENT 'the same of the one that finished the flow',
	secret		VARBINARY(1024) NULL COMMENT 'sealed: what the flow carries (password hash of a claim …)',
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY otp_register (register_hash),
	KEY otp_user (user_id, purpose),
	KEY otp_ends (flow_ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One committed statement on the primary key before the work (D27).
CREATE TABLE IF NOT EXISTS throttle (
	k		BINARY(16) NOT NULL COMMENT 'HMAC of rule and subject',
	window_at	DATETIME(6) NOT NULL,
	window_s	INT UNSIGNED NOT NULL,
	n		INT UNSIGNED NOT NULL,
	PRIMARY KEY (k),
	KEY throttle_window (window_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

CREATE TABLE IF NOT EXISTS admin_token (
	id		BIGINT UNSIGNED NOT NULL,
	token_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of 256 random bits',
	name		VARCHAR(100) NOT NULL DEFAULT '',
	user_id		BIGINT UNSIGNED NOT NULL COMMENT 'the superuser who made it',
	scopes		VARCHAR(64) CHARACTER SET ascii NOT NULL,
	cidr		VARCHAR(255) CHARACTER SET ascii NULL COMMENT 'comma-separated',
	expires_at	DATETIME(6) NULL,
	last_used_at	DATETIME(6) NULL,
	last_used_ip	VARCHAR(45) CHARACTER SET ascii NULL,
	revoked_at	DATETIME(6) NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY admin_token_hash (token_hash),
	KEY admin_token_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS device (
	id		BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NULL COMMENT 'whoever registered it last; NULL: given inline or to an open group',
	kind		VARCHAR(12) CHARACTER SET ascii NOT NULL COMMENT 'web_push, expo',
	target_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of endpoint or token',
	target		VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	p256dh		BINARY(65) NULL,
	auth		BINARY(16) NULL,
	vapid		BINARY(8) NULL COMMENT 'first bytes of SHA-256 of the VAPID key it was made with',
	browser		VARCHAR(100) NOT NULL DEFAULT '',
	user_agent	VARCHAR(255) NOT NULL DEFAULT '',
	is_active	BOOLEAN NOT NULL DEFAULT TRUE,
	dead_at		DATETIME(6) NULL,
	dead_reason	VARCHAR(40) CHARACTER SET ascii NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	seen_at		DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY device_target (target_hash),
	KEY device_user (user_id, kind, is_active)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS push_group (
	id		BIGINT UNSIGNED NOT NULL,
	name		VARCHAR(100) NOT NULL,
	is_open		BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'anyone may subscribe',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY push_group_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS push_group_device (
	group_id	BIGINT UNSIGNED NOT NULL,
	device_id	BIGINT UNSIGNED NOT NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (group_id, device_id),
	KEY push_group_device_device (device_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A user may be a member whatever device comes later.
CREATE TABLE IF NOT EXISTS push_group_user (
	group_id	BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (group_id, user_id),
	KEY push_group_user_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS notification (
	id		BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NULL COMMENT 'who sent it; NULL: the system',
	token_id	BIGINT UNSIGNED NULL COMMENT 'by which admin token',
	type		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT 'system',
	class		TINYINT UNSIGNED NOT NULL COMMENT '0 code/critical, 1 transactional, 2 campaign',
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	title		VARCHAR(255) NOT NULL DEFAULT '',
	content		MEDIUMTEXT NOT NULL COMMENT 'JSON: what the channel renders (never a code or link: those are in job.secret)',
	audience	MEDIUMTEXT NOT NULL COMMENT 'JSON: device_ids, user_ids, group_id, or {to}',
	request_id	CHAR(32) CHARACTER SET ascii NULL,
	scope		BINARY(16) NULL COMMENT 'idempotency (D25): caller or route and address',
	idem_key	BINARY(16) NULL,
	body_mac	BINARY(32) NULL,
	created_at	DATETIME(6) NOT NULL,
	expires_at	DATETIME(6) NOT NULL,
	planned_at	DATETIME(6) NULL,
	total		INT UNSIGNED NOT NULL DEFAULT 0,
	PRIMARY KEY (id),
	UNIQUE KEY notification_idem (scope, idem_key),
	KEY notification_user (user_id, id),
	KEY notification_request (request_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row a recipient x channel x target; ends in exactly one state.
CREATE TABLE IF NOT EXISTS delivery (
	notification_id	BIGINT UNSIGNED NOT NULL,
	seq		INT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL DEFAULT 0,
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	target_hash	BINARY(16) NOT NULL,
	target		VARCHAR(254) NOT NULL COMMENT 'shown to people: address, or host of an endpoint',
	device_id	BIGINT UNSIGNED NOT NULL DEFAULT 0,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL DEFAULT '',
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL DEFAULT 'queued'
	    COMMENT 'queued, sending, sent, delivered, read, skipped, failed, expired, cancelled, unsure',
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	attempts	SMALLINT UNSIGNED NOT NULL DEFAULT 0,
	attempt_log	TEXT NOT NULL DEFAULT '' COMMENT 'JSON lines: at, provider, status, outcome, ms; masked (D24)',
	provider_id	VARCHAR(160) NOT NULL DEFAULT '',
	created_at	DATETIME(6) NOT NULL,
	sent_at		DATETIME(6) NULL,
	updated_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (notification_id, seq),
	UNIQUE KEY delivery_target (notification_id, user_id, channel, target_hash),
	KEY delivery_user (user_id, notification_id),
	KEY delivery_provider_id (provider_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
PARTITION BY RANGE (notification_id) (
	PARTITION p_all VALUES LESS THAN MAXVALUE
);

-- Hot and small: a job is deleted when its work is done.
CREATE TABLE IF NOT EXISTS job (
	id		BIGINT UNSIGNED NOT NULL,
	class		TINYINT UNSIGNED NOT NULL,
	state		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 ready, 1 leased, 2 leaving (intent marked), 9 dead letter',
	run_at		DATETIME(6) NULL COMMENT 'ready: not before this; NULL in all other states (keeps them out of job_claim)',
	kind		TINYINT UNSIGNED NOT NULL COMMENT '1 plan, 2 send',
	notification_id	BIGINT UNSIGNED NOT NULL,
	seq		INT UNSIGNED NOT NULL DEFAULT 0,
	user_id		BIGINT UNSIGNED NOT NULL DEFAULT 0,
	device_id	BIGINT UNSIGNED NOT NULL DEFAULT 0,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL DEFAULT '',
	attempt		SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the fencing token',
	tries		SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'requests that left',
	crashes		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'leases that ran out',
	repeat_ok	BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'of the request that left: a second one would be harmless',
	owner		BIGINT UNSIGNED NOT NULL DEFAULT 0,
	lease_ends_at	DATETIME(6) NULL,
	expires_at	DATETIME(6) NOT NULL,
	waiter		VARCHAR(64) CHARACTER SET ascii NULL COMMENT 'datagram socket of the child that waits (D1)',
	secret		VARBINARY(2048) NULL COMMENT 'AES-256-GCM: code or link; wiped at finish (D24)',
	last_error	VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	KEY job_claim (provider, class, run_at, id),
	KEY job_lease (lease_ends_at),
	KEY job_notification (notification_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Idempotency of rows that create something other than a notification (D25).
CREATE TABLE IF NOT EXISTS idempotency (
	scope		BINARY(16) NOT NULL,
	idem_key	BINARY(16) NOT NULL,
	body_mac	BINARY(32) NOT NULL,
	object_id	BIGINT UNSIGNED NOT NULL COMMENT 'what the first call made; the replay is rendered from it',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (scope, idem_key),
	KEY idempotency_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Inserted unchained with a keyed HMAC; one sealer chains (D12).
CREATE TABLE IF NOT EXISTS audit (
	id		BIGINT UNSIGNED NOT NULL,
	at		DATETIME(6) NOT NULL,
	event		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	outcome		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'whom it is about',
	actor_id	BIGINT UNSIGNED NOT NULL DEFAULT 0,
	session_id	BIGINT UNSIGNED NOT NULL DEFAULT 0,
	request_id	CHAR(32) CHARACTER SET ascii NOT NULL DEFAULT '',
	ip		VARCHAR(45) CHARACTER SET ascii NOT NULL DEFAULT '',
	country		CHAR(2) CHARACTER SET ascii NOT NULL DEFAULT '',
	user_agent	VARCHAR(255) NOT NULL DEFAULT '',
	detail		VARCHAR(1000) NOT NULL DEFAULT '' COMMENT 'JSON, no secret',
	personal_mac	BINARY(32) NOT NULL COMMENT 'HMAC(user salt, personal columns)',
	row_mac		BINARY(32) NOT NULL COMMENT 'HMAC(key, all of the row but chain)',
	seal_no		BIGINT UNSIGNED NULL,
	chain		BINARY(32) NULL COMMENT 'HMAC(key, previous chain | row_mac)',
	PRIMARY KEY (id),
	UNIQUE KEY audit_seal (seal_no),
	KEY audit_user (user_id, id),
	KEY audit_event (event, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS user_salt (
	user_id		BIGINT UNSIGNED NOT NULL,
	salt		BINARY(16) NOT NULL,
	PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

CREATE TABLE IF NOT EXISTS lease (
	name		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	owner		BIGINT UNSIGNED NOT NULL DEFAULT 0,
	ends_at		DATETIME(6) NOT NULL DEFAULT '2000-01-01',
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
INSERT IGNORE INTO lease (name) VALUES ('audit_sealer'), ('sweeper');

-- Breaker and caps of a provider are shared by all workers.
CREATE TABLE IF NOT EXISTS provider_state (
	name		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL DEFAULT 'closed' COMMENT 'closed, open, half_open',
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	until_at	DATETIME(6) NULL COMMENT 'open or paused until',
	failures	INT UNSIGNED NOT NULL DEFAULT 0,
	updated_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Remembered devices of a user (device cookie): keep an owner in while an
-- attacker floods the account (D10, S43).
CREATE TABLE IF NOT EXISTS known_device (
	token_hash	BINARY(32) NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	seen_at		DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	expires_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (token_hash, user_id),
	KEY known_device_user (user_id),
	KEY known_device_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

DELIMITER //
-- Accepting a notification: one CALL, two rows (D23).  Returns 1 when this
-- call made them, 0 when the idempotency key was there (the caller reads it).
CREATE OR REPLACE PROCEDURE gp_accept(
	IN p_id BIGINT UNSIGNED, IN p_user BIGINT UNSIGNED, IN p_token BIGINT UNSIGNED,
	IN p_type VARCHAR(40), IN p_class TINYINT UNSIGNED, IN p_channel VARCHAR(12),
	IN p_title VARCHAR(255), IN p_content MEDIUMTEXT, IN p_audience MEDIUMTEXT,
	IN p_request CHAR(32), IN p_scope BINARY(16), IN p_key BINARY(16), IN p_mac BINARY(32),
	IN p_life_s INT UNSIGNED, IN p_job BIGINT UNSIGNED, IN p_waiter VARCHAR(64),
	IN p_secret VARBINARY(2048))
MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
	DECLARE t DATETIME(6) DEFAULT UTC_TIMESTAMP(6);
	DECLARE ends DATETIME(6) DEFAULT UTC_TIMESTAMP(6) + INTERVAL p_life_s SECOND;
	-- Statements of a procedure commit one by one: without a transaction of
	-- the caller's this makes its own, or a kill between the two rows would
	-- leave a notification that nobody sends.
	DECLARE own BOOLEAN DEFAULT @@in_transaction = 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		IF own THEN
			ROLLBACK;
		END IF;
		RESIGNAL;
	END;
	IF own THEN
		START TRANSACTION;
	END IF;
	INSERT INTO notification (id, user_id, token_id, type, class, channel, title, content,
	    audience, request_id, scope, idem_key, body_mac, created_at, expires_at)
	VALUES (p_id, p_user, p_token, p_type, p_class, p_channel, p_title, p_content,
	    p_audience, p_request, p_scope, p_key, p_mac, t, ends);
	INSERT INTO job (id, class, run_at, kind, notification_id, expires_at, waiter, secret, created_at)
	VALUES (p_job, p_class, t, 1, p_id, ends, p_waiter, p_secret, t);
	IF own THEN
		COMMIT;
	END IF;
END //
DELIMITER ;
