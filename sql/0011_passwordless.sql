-- 0011: by which ways the codes of a flow went (S50, S58): what let somebody
-- in is no second factor of the same sign-in.
ALTER TABLE otp ADD COLUMN IF NOT EXISTS by_mail BOOLEAN NOT NULL DEFAULT FALSE
	COMMENT 'a code of it went by mail, whatever its channel is';
