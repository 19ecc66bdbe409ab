/*
 * conf.h - settings: KEY=value lines of one file, the same names in the
 * environment (which win).  Rows in conf_rows.h: typed, bounded, documented.
 *
 * KEY_FILE=path reads a secret's value from a file.  Old names (aliases) are
 * rows too.  Quotes as in systemd's EnvironmentFile: "…" or '…' or none.
 */
#ifndef GP_BASE_CONF_H
#define GP_BASE_CONF_H

#include "base/buf.h"
#include "base/err.h"

enum conf_type { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_SECRET, CONF_PATH,
	CONF_URL, CONF_LIST };

enum conf_key {
#define CONF(id, key, type, def, min, max, help) id,
#define ALIAS(key, of)
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
	CONF_KEYS
};

/*
 * Load `path` (NULL: environment only) over the defaults.  Unknown keys that
 * begin with GATEPOST_ are errors with file:line; other unknown keys are left
 * alone (a .env of the site), and so are unknown variables.  One setting given
 * two values in one source is an error.  0 or -1 with ERR_CONFIG, and then
 * the values before it stay.  Keeps its own memory for the life of the
 * process (conf_str's answers stay readable); a second call replaces all.
 */
int	 conf_load(const char *path, struct err *e) MUST_CHECK;

const char *conf_str(enum conf_key k);	/* "" when empty */
int64_t	 conf_int(enum conf_key k);
bool	 conf_bool(enum conf_key k);
/* What a row is where nothing sets it. */
const char *conf_default(enum conf_key k);
/* Would the row take this text?  NULL, or what is wrong with it; the text is
 * tidied as a setting is (a URL's last slash). */
const char *conf_fits(enum conf_key k, char *text);
/* Comma-separated list has `item` (exact, ASCII case ignored)? */
bool	 conf_list_has(enum conf_key k, const char *item);

/*
 * Wipe the secrets that `keep` does not name, in every generation and in the
 * environment, for good: a process that needs none of them must not be one
 * from which they can be read.  What was set reads as CONF_DROPPED then (it is
 * no empty one: "is it set?" stays true), and a later conf_load must not be.
 */
#define CONF_DROPPED	"dropped"
void	 conf_drop_secrets(bool (*keep)(enum conf_key k));

/* Checks across rows that make a start unsafe (public URL not https, secrets
 * missing, key directory open to others …).  Appends one line per finding,
 * "KEY: what: what to do".  Returns how many. */
int	 conf_check(struct buf *report);
/* The commented sample file with every row, help, default and range. */
void	 conf_sample(struct buf *out);
/* For tests: set one value. */
int	 conf_set(const char *key, const char *value, struct err *e)
	    MUST_CHECK;

#endif
