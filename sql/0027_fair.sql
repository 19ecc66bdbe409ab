-- 0027: a sender of many single notifications is in nobody's way.
-- Run again after a kill.

DELIMITER //
-- As in 0021; p_class is the notification's class and, where its job has another
-- because the sender has many (R9), sixteen times that.
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
	VALUES (p_id, p_user, p_token, p_type, p_class MOD 16, p_channel, p_title, p_content,
	    p_audience, p_request, p_scope, p_key, p_mac, t, ends);
	INSERT INTO job (id, class, run_at, kind, notification_id, expires_at, waiter, secret, created_at)
	VALUES (p_job, IF(p_class < 16, p_class, p_class DIV 16), run, 1, p_id, ends, p_waiter, p_secret, t);
	IF own THEN
		COMMIT;
	END IF;
END //
DELIMITER ;
