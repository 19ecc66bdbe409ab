-- 0030: what is cancelled or read while a digest already carries it.

ALTER TABLE digest
	ADD COLUMN IF NOT EXISTS rewrite_at DATETIME(6) NULL COMMENT 'its carrier is to be written anew, without what was taken out',
	ADD KEY IF NOT EXISTS digest_rewrite (rewrite_at);
ALTER TABLE digest_item
	ADD COLUMN IF NOT EXISTS stop VARCHAR(40) CHARACTER SET ascii NULL COMMENT 'asked out while the carrier was leaving: the reason',
	ADD KEY IF NOT EXISTS digest_item_of (notification_id, seq);
