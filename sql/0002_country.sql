-- 0002: the countries a user may sign in from.  Forward only; written to be
-- run again after a kill.
ALTER TABLE user ADD COLUMN IF NOT EXISTS allowed_countries
	VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NULL
	COMMENT 'ISO codes with commas between; NULL: all';
