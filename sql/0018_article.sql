-- 0018: articles.  Forward only; written to be run again after a kill.
CREATE TABLE IF NOT EXISTS article (
	id		BIGINT UNSIGNED NOT NULL,
	user_id		BIGINT UNSIGNED NOT NULL COMMENT 'the author',
	title		VARCHAR(200) NOT NULL,
	content		MEDIUMTEXT NOT NULL,
	status		VARCHAR(10) CHARACTER SET ascii NOT NULL COMMENT 'draft, published',
	published_at	DATETIME(6) NULL COMMENT 'for the first time: people were told then, and never again',
	made_key	BIGINT UNSIGNED NOT NULL COMMENT 'of the request: its redo meets it (D20)',
	created_at	DATETIME(6) NOT NULL,
	updated_at	DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	KEY article_user (user_id, id),
	KEY article_status (status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
