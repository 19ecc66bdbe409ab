-- 0036: sign-ins by hour, counted in the transaction of their audit row: the overview draws a month of them, and
-- counting the audit's rows each time takes as long as there are many.  A shard a connection, as delivery_hour has.
CREATE TABLE IF NOT EXISTS signin_hour (
	hour		DATETIME NOT NULL,
	outcome		VARCHAR(12) CHARACTER SET ascii NOT NULL,
	shard		TINYINT UNSIGNED NOT NULL,
	n		INT UNSIGNED NOT NULL,
	PRIMARY KEY (hour, outcome, shard)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
-- The month before, in a shard of no connection.
INSERT INTO signin_hour (hour, outcome, shard, n)
    SELECT DATE_FORMAT(at, '%Y-%m-%d %H:00:00') h, outcome, 255, COUNT(*) c FROM audit FORCE INDEX (audit_event)
    WHERE event = 'login' AND id >= (TIMESTAMPDIFF(MICROSECOND, '2024-01-01', UTC_TIMESTAMP(6) - INTERVAL 31 DAY) DIV 1000) << 22
    GROUP BY h, outcome
    ON DUPLICATE KEY UPDATE n = VALUES(n);
