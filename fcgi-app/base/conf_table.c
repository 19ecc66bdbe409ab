/*
 * conf_table.c - the rows of conf_rows.h as tables.
 */
#include "base/conf_parts.h"

const struct conf_row conf_row[CONF_KEYS] = {
#define CONF(id, key, type, def, min, max, help) \
	[id] = { key, type, def, min, max, help },
#define ALIAS(key, of)
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
};

const struct conf_alias conf_alias[CONF_ALIASES] = {
#define CONF(id, key, type, def, min, max, help)
#define ALIAS(key, of) { key, of },
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
};
