/*
 * conf_parts.h - what the files of the settings share; nobody else includes
 * it.
 */
#ifndef GP_BASE_CONF_PARTS_H
#define GP_BASE_CONF_PARTS_H

#include "base/conf.h"

#define SUFFIX		"_FILE"	/* of a secret that stands in a file */

/* One assignment, in order of the file.  `line` counts from 1 and is where
 * the name stands.  0 to go on, or -1 with *e set. */
typedef int conf_line_fn(void *ctx, unsigned line, const char *key,
    const char *value, struct err *e);

/*
 * Walk n bytes of KEY=value lines, by the rules of EnvironmentFile in
 * systemd.exec(5): lines that begin with # or ; are comments; '…' is literal;
 * in "…" a backslash quotes " \ ` $ and joins lines; outside quotes it quotes
 * any character.  Quoted values may span lines.  Stricter than systemd in one
 * point: nothing may follow a closing quote.  "export KEY=value" is read too.
 * `name` is for messages.  0, or -1 with ERR_CONFIG "name:line: …".
 */
int	 conf_lines(const char *name, const char *text, size_t n,
	    conf_line_fn *fn, void *ctx, struct err *e) MUST_CHECK;

/* conf_table.c: the rows of conf_rows.h. */
struct conf_row {
	const char	*key;
	enum conf_type	 type;
	const char	*def;
	int64_t		 min, max;
	const char	*help;
};
struct conf_alias { const char *key; enum conf_key of; };
enum {
	CONF_ALIASES = 0
#define CONF(id, key, type, def, min, max, help)
#define ALIAS(key, of) + 1
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
};
extern const struct conf_row conf_row[CONF_KEYS];
extern const struct conf_alias conf_alias[CONF_ALIASES];

/* The name a setting is documented under. */
const char *conf_name(enum conf_key k);
/* The file the values came from and the mode it had; NULL without a file. */
const char *conf_source(unsigned *mode);

/* conf_types.c: 1 and what it means, or false.  A URL loses its last slashes. */
bool	 conf_parse_bool(const char *s, int64_t *v);
bool	 conf_parse_url(char *s);

#endif
