-- 0029: what an SMS is paid by.

ALTER TABLE delivery
	ADD COLUMN IF NOT EXISTS segments TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'parts of an SMS that was accepted; 0: none, or not known';
