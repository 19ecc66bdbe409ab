-- 0005: the kinds of password hash that accounts have (S22, D9).  A row is a
-- hash that belongs to nobody and costs what its kind costs, and how many of
-- a sample of accounts are of that kind.  No person is in it.
CREATE TABLE IF NOT EXISTS password_mix (
	blank		VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	n		BIGINT UNSIGNED NOT NULL,
	PRIMARY KEY (blank)
) ENGINE=InnoDB DEFAULT CHARSET=ascii;
