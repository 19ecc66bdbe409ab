-- 0025: a budget of SMS by the asker's autonomous system (S46): two counters
-- more in a charge.
ALTER TABLE sms_charge
	MODIFY counted VARBINARY(512) NOT NULL COMMENT 'counters: scope and key, 17 bytes each';
