-- 0023: what a flow must remember of how it began and went (S12, S59).
ALTER TABLE otp
	ADD COLUMN IF NOT EXISTS last_mail BOOLEAN NOT NULL DEFAULT FALSE
		COMMENT 'the code that serves went by mail, whatever its channel is',
	ADD COLUMN IF NOT EXISTS session_id BIGINT UNSIGNED NULL
		COMMENT 'that began a change of address; it must live when the code comes';
