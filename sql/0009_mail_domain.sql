-- 0009: what DNS says of e-mail domains that somebody wants to register with
-- (S52).  No person is in it.
CREATE TABLE IF NOT EXISTS mail_domain (
	domain		VARCHAR(253) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	verdict		TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'enum mail_verdict of store/mail_domain.h',
	asked_at	DATETIME(6) NOT NULL,
	looked_at	DATETIME(6) NULL COMMENT 'of the verdict',
	due_at		DATETIME(6) NULL COMMENT 'to be looked up from then on',
	PRIMARY KEY (domain),
	KEY mail_domain_due (due_at),
	KEY mail_domain_asked (asked_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
