-- 0021: to whom, on which channels, and what the recipients want.

-- Masks have a bit a channel, in the order of base/channels.h: 1 email, 2 sms,
-- 4 whatsapp, 8 web_push, 16 expo, 32 in_app.  A channel with neither bit is
-- as the site has it.
CREATE TABLE IF NOT EXISTS preference (
	user_id		BIGINT UNSIGNED NOT NULL,
	default_channel	VARCHAR(12) CHARACTER SET ascii NULL COMMENT 'where goes what nothing else routes; NULL: as the site has it',
	on_mask		TINYINT UNSIGNED NOT NULL DEFAULT 0,
	off_mask	TINYINT UNSIGNED NOT NULL DEFAULT 0,
	quiet_from	SMALLINT UNSIGNED NULL COMMENT 'minute of the day; NULL: no quiet hours',
	quiet_to	SMALLINT UNSIGNED NULL,
	quiet_zone	VARCHAR(64) CHARACTER SET ascii NULL COMMENT 'NULL: the user''s',
	digest		VARCHAR(200) CHARACTER SET ascii NULL COMMENT 'JSON: every, at',
	updated_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What differs for one type of message.
CREATE TABLE IF NOT EXISTS preference_type (
	user_id		BIGINT UNSIGNED NOT NULL,
	type		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	on_mask		TINYINT UNSIGNED NOT NULL DEFAULT 0,
	off_mask	TINYINT UNSIGNED NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, type)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Who asked to be told of a topic.
CREATE TABLE IF NOT EXISTS topic_user (
	topic		VARCHAR(100) CHARACTER SET ascii NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL,
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (topic, user_id),
	KEY topic_user_user (user_id, topic)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- The in-app channel.  seq has no gaps within a user; it and the counters are
-- in one row, so that they are exact and cost one read.
CREATE TABLE IF NOT EXISTS inbox_count (
	user_id		BIGINT UNSIGNED NOT NULL,
	seq		BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'last given',
	unread		INT UNSIGNED NOT NULL DEFAULT 0,
	unseen		INT UNSIGNED NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

CREATE TABLE IF NOT EXISTS inbox (
	user_id		BIGINT UNSIGNED NOT NULL,
	seq		BIGINT UNSIGNED NOT NULL,
	notification_id	BIGINT UNSIGNED NOT NULL,
	created_at	DATETIME(6) NOT NULL,
	seen_at		DATETIME(6) NULL,
	read_at		DATETIME(6) NULL,
	archived_at	DATETIME(6) NULL,
	PRIMARY KEY (user_id, seq),
	UNIQUE KEY inbox_notification (user_id, notification_id),
	KEY inbox_unread (user_id, read_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- Addresses that nothing goes to.  It outlives the account: who unsubscribed
-- or whose mailbox is gone is not written to because he signed up anew.
CREATE TABLE IF NOT EXISTS suppression (
	id		BIGINT UNSIGNED NOT NULL,
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	address_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of the address as compared',
	shown		VARCHAR(254) NOT NULL COMMENT 'masked',
	reason		VARCHAR(24) CHARACTER SET ascii NOT NULL COMMENT 'unsubscribed, bounced, complained, blocked',
	user_id		BIGINT UNSIGNED NULL COMMENT 'the admin who added it; NULL: the recipient or a provider',
	created_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (address_hash, channel),
	UNIQUE KEY suppression_id (id),
	KEY suppression_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

ALTER TABLE notification
	ADD COLUMN IF NOT EXISTS cancelled_at DATETIME(6) NULL;
ALTER TABLE job
	ADD COLUMN IF NOT EXISTS stop BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'cancelled while it was leaving: not again';

DELIMITER //
-- As in 0001, and not before p_run (NULL: now), dead at p_ends (NULL: p_life_s
-- after it is due).
CREATE OR REPLACE PROCEDURE gp_accept(
	IN p_id BIGINT UNSIGNED, IN p_user BIGINT UNSIGNED, IN p_token BIGINT UNSIGNED,
	IN p_type VARCHAR(40), IN p_class TINYINT UNSIGNED, IN p_channel VARCHAR(12),
	IN p_title VARCHAR(255), IN p_content MEDIUMTEXT, IN p_audience MEDIUMTEXT,
	IN p_request CHAR(32), IN p_scope BINARY(16), IN p_key BINARY(16), IN p_mac BINARY(32),
	IN p_life_s INT UNSIGNED, IN p_job BIGINT UNSIGNED, IN p_waiter VARCHAR(64),
	IN p_secret VARBINARY(2048), IN p_run DATETIME(6), IN p_ends DATETIME(6))
MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
	DECLARE t DATETIME(6) DEFAULT UTC_TIMESTAMP(6);
	DECLARE run DATETIME(6) DEFAULT GREATEST(UTC_TIMESTAMP(6), COALESCE(p_run, UTC_TIMESTAMP(6)));
	DECLARE ends DATETIME(6) DEFAULT COALESCE(p_ends, run + INTERVAL p_life_s SECOND);
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
	VALUES (p_job, p_class, run, 1, p_id, ends, p_waiter, p_secret, t);
	IF own THEN
		COMMIT;
	END IF;
END //
DELIMITER ;
