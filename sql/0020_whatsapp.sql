-- 0020: what providers tell us by calling: who may be written to freely
-- (WhatsApp's 24 hours), and states that came before the row they are about.

-- When a contact last wrote to one of our senders.  Nothing of what was
-- written is kept, and rows older than two days go.
CREATE TABLE IF NOT EXISTS whatsapp_contact (
	sender		VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'our number at the provider',
	contact		VARCHAR(140) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digits, or a user id of theirs',
	user_id		BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'who proved that number, 0: nobody',
	last_in_at	DATETIME(6) NOT NULL COMMENT 'of their newest message',
	closed_at	DATETIME(6) NULL COMMENT 'the provider said so: what came before opens nothing',
	PRIMARY KEY (contact, sender),
	KEY whatsapp_contact_user (user_id),
	KEY whatsapp_contact_last (last_in_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;

-- A state of a message that is not known as sent yet: the provider was faster
-- than our own commit.  Applied as soon as there is a row for it.
CREATE TABLE IF NOT EXISTS callback (
	provider	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	provider_id	VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	state		VARCHAR(10) CHARACTER SET ascii NOT NULL COMMENT 'sent, delivered, read, failed',
	reason		VARCHAR(40) CHARACTER SET ascii NOT NULL DEFAULT '',
	notification_id	BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'as our own name for it says, 0: no name came along',
	seq		INT UNSIGNED NOT NULL DEFAULT 0,
	received_at	DATETIME(6) NOT NULL,
	next_at		DATETIME(6) NOT NULL COMMENT 'to be tried again from then on',
	PRIMARY KEY (provider, provider_id, state),
	KEY callback_next (next_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
