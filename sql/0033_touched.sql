-- 0033: jobs of a campaign that changed follow it, some thousand at a time; a
-- message that was read while it was leaving says so.
ALTER TABLE campaign
	ADD COLUMN IF NOT EXISTS touched INT UNSIGNED NOT NULL DEFAULT 4294967295
	    COMMENT 'jobs up to this seq end when it ends and wait for nothing that is over; the most: all';
ALTER TABLE job
	MODIFY COLUMN stop TINYINT NOT NULL DEFAULT 0 COMMENT 'taken back while it was leaving, so not again: 1 cancelled, 2 read';
