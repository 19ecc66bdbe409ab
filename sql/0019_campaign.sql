-- 0019: campaigns, and notifications asked for in SQL (D22).
-- Run again after a kill.  No foreign keys (D21).

-- A campaign is one notification of the same id to many people.  Its
-- deliveries are planned in slices; a send job of a delivery is made only
-- when it may leave (rate, pause), so the queue stays small.
CREATE TABLE IF NOT EXISTS campaign (
	id		BIGINT UNSIGNED NOT NULL COMMENT 'its notification''s, too',
	user_id		BIGINT UNSIGNED NULL COMMENT 'who made it',
	token_id	BIGINT UNSIGNED NULL COMMENT 'by which admin token',
	name		VARCHAR(200) NOT NULL DEFAULT '',
	type		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT 'system',
	channels	VARCHAR(80) CHARACTER SET ascii NOT NULL COMMENT 'of these: email,sms; empty: by preference',
	title		VARCHAR(255) NOT NULL DEFAULT '',
	content		MEDIUMTEXT NOT NULL COMMENT 'JSON, as notification.content',
	audience	MEDIUMTEXT NOT NULL COMMENT 'JSON: named conditions, or {"addresses": [...]}',
	request_id	CHAR(32) CHARACTER SET ascii NULL,
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL DEFAULT 'draft'
	    COMMENT 'draft, scheduled, running, paused, done, cancelled, failed',
	live		BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the worker has something to do with it',
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'why paused or failed',
	detail		VARCHAR(200) CHARACTER SET ascii NOT NULL DEFAULT '',
	start_at	DATETIME(6) NULL,
	ends_at		DATETIME(6) NOT NULL COMMENT 'not later than',
	rate		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'messages a second; 0: as fast as the providers',
	cursor_id	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'planned up to this user, or this place of the list',
	people		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of the audience, planned so far',
	planned		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'deliveries made so far: the highest seq',
	planned_at	DATETIME(6) NULL COMMENT 'all of the audience',
	released	INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'deliveries up to this seq have had a job or are final',
	rate_at		DATETIME(6) NULL COMMENT 'the rate is used up to here',
	judged		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'errors up to this seq do not count any more',
	version		INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'changes by people: two at once are told apart',
	created_at	DATETIME(6) NOT NULL,
	started_at	DATETIME(6) NULL,
	paused_at	DATETIME(6) NULL,
	ended_at	DATETIME(6) NULL,
	PRIMARY KEY (id),
	KEY campaign_live (live, id),
	KEY campaign_user (user_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What became of each five thousand deliveries, counted when that changes: a
-- million are never counted at once.
CREATE TABLE IF NOT EXISTS campaign_part (
	campaign_id	BIGINT UNSIGNED NOT NULL,
	part		INT UNSIGNED NOT NULL,
	is_final	BOOLEAN NOT NULL DEFAULT FALSE,
	sent		INT UNSIGNED NOT NULL DEFAULT 0,
	skipped		INT UNSIGNED NOT NULL DEFAULT 0,
	failed		INT UNSIGNED NOT NULL DEFAULT 0,
	expired		INT UNSIGNED NOT NULL DEFAULT 0,
	cancelled	INT UNSIGNED NOT NULL DEFAULT 0,
	unsure		INT UNSIGNED NOT NULL DEFAULT 0,
	counted_at	DATETIME(6) NOT NULL DEFAULT '2000-01-01',
	PRIMARY KEY (campaign_id, part),
	KEY campaign_part_open (campaign_id, is_final, counted_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- One worker at a time plans and releases; it may be any.
INSERT IGNORE INTO lease (name) VALUES ('campaigns');

-- Asked for in the site's own transaction, taken up by the worker.
CREATE TABLE IF NOT EXISTS intake (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	message		MEDIUMTEXT NOT NULL COMMENT 'JSON, as POST /api/notifications/',
	unique_key	VARCHAR(255) COLLATE utf8mb4_bin NULL,
	asked_by	VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'database user',
	state		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 asked, 1 accepted, 2 refused',
	notification_id	BIGINT UNSIGNED NULL,
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	field		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	created_at	DATETIME(6) NOT NULL,
	done_at		DATETIME(6) NULL,
	PRIMARY KEY (id),
	UNIQUE KEY intake_unique (unique_key),
	KEY intake_state (state, id),
	KEY intake_done (done_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

DELIMITER //
-- CALL gatepost_notify(JSON_OBJECT('user_id', 7, 'title', …), 'order-12')
-- inserts one row and looks at nothing else, so that a site's transaction
-- waits for nobody.  The same key again asks for nothing new.
CREATE OR REPLACE PROCEDURE gatepost_notify(
	IN p_message MEDIUMTEXT CHARACTER SET utf8mb4,
	IN p_key VARCHAR(255) CHARACTER SET utf8mb4)
MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
	INSERT INTO intake (message, unique_key, asked_by, created_at)
	VALUES (COALESCE(p_message, ''), NULLIF(p_key, ''), SESSION_USER(), UTC_TIMESTAMP(6))
	ON DUPLICATE KEY UPDATE unique_key = VALUES(unique_key);
END //
DELIMITER ;
