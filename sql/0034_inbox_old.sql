-- 0034: an inbox forgets what the log forgets, and counts it no more.
ALTER TABLE inbox
	ADD KEY IF NOT EXISTS inbox_old (notification_id);
