-- 0015: the log of deliveries: what it is searched by, its partitions (D21),
-- and what was sent by hour.

-- Final states other than the good ones, for "what went wrong lately": the
-- good path never touches this index again after the insert.
ALTER TABLE delivery
	ADD COLUMN IF NOT EXISTS trouble VARCHAR(10) CHARACTER SET ascii
	    GENERATED ALWAYS AS (IF(state IN ('skipped', 'failed', 'expired', 'cancelled', 'unsure'), state, NULL)) STORED,
	ADD KEY IF NOT EXISTS delivery_to (target_hash, notification_id, seq),
	ADD KEY IF NOT EXISTS delivery_trouble (trouble, notification_id, seq);
ALTER TABLE notification
	ADD KEY IF NOT EXISTS notification_type (type, id);

-- Counted in the transaction of the state change; a shard a connection, so
-- that nobody waits for the row.
CREATE TABLE IF NOT EXISTS delivery_hour (
	hour		DATETIME NOT NULL,
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	channel		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL,
	shard		TINYINT UNSIGNED NOT NULL,
	n		INT UNSIGNED NOT NULL,
	PRIMARY KEY (hour, provider, channel, state, shard)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

DELIMITER //
-- A partition a month, by the time in the id (base/rand.h), three months
-- ahead; those wholly older than p_keep_days (0: never) are dropped.  Runs as
-- whoever owns the schema: no program that serves may alter a table.  It
-- waits a second at most for readers (error 1205: come again).
CREATE OR REPLACE PROCEDURE gp_partitions(IN p_keep_days INT UNSIGNED)
MODIFIES SQL DATA
BEGIN
	DECLARE first_day DATE DEFAULT DATE_FORMAT(UTC_DATE(), '%Y-%m-01');
	DECLARE parts TEXT DEFAULT '';
	DECLARE old TEXT DEFAULT '';
	DECLARE last BIGINT UNSIGNED DEFAULT 0;
	DECLARE bound BIGINT UNSIGNED DEFAULT 0;
	SELECT COALESCE(MAX(CAST(PARTITION_DESCRIPTION AS UNSIGNED)), 0) INTO last
	    FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE()
	    AND TABLE_NAME = 'delivery' AND PARTITION_DESCRIPTION <> 'MAXVALUE';
	FOR i IN 1..4 DO
		SET bound = (TIMESTAMPDIFF(MICROSECOND, '2024-01-01', first_day + INTERVAL i MONTH) DIV 1000) << 22;
		IF bound > last THEN
			SET parts = CONCAT(parts, 'PARTITION p', DATE_FORMAT(first_day + INTERVAL i - 1 MONTH, '%Y%m'),
			    ' VALUES LESS THAN (', bound, '), ');
		END IF;
	END FOR;
	IF parts <> '' THEN
		EXECUTE IMMEDIATE CONCAT('ALTER TABLE delivery WAIT 1 REORGANIZE PARTITION p_all INTO (', parts,
		    'PARTITION p_all VALUES LESS THAN MAXVALUE)');
	END IF;
	IF p_keep_days > 0 THEN
		SET bound = (GREATEST(TIMESTAMPDIFF(MICROSECOND, '2024-01-01',
		    UTC_TIMESTAMP(6) - INTERVAL p_keep_days DAY), 0) DIV 1000) << 22;
		SELECT COALESCE(GROUP_CONCAT(PARTITION_NAME), '') INTO old
		    FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE()
		    AND TABLE_NAME = 'delivery' AND PARTITION_DESCRIPTION <> 'MAXVALUE'
		    AND CAST(PARTITION_DESCRIPTION AS UNSIGNED) <= bound;
		IF old <> '' THEN
			EXECUTE IMMEDIATE CONCAT('ALTER TABLE delivery WAIT 1 DROP PARTITION ', old);
		END IF;
	END IF;
END //
DELIMITER ;
CALL gp_partitions(0);
