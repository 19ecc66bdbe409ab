/*
 * conf_sample.c - the commented sample of all settings.
 */
#include "base/conf_parts.h"


/* Words of `text` behind "# ", at most 78 columns. */
static void
comment(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (column == 0 || column + 1 + n > 78) {
			buf_str(out, column == 0 ? "# " : "\n# ");
			column = 2;
		} else {
			buf_char(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += n;
		text += n + strspn(text + n, " ");
	}
	buf_char(out, '\n');
}

static void
sample_row(struct buf *out, unsigned k)
{
	const struct conf_row *r = &conf_row[k];

	comment(out, r->help);
	if (r->type == CONF_INT)
		buf_printf(out, "# A whole number from %" PRId64 " to %" PRId64
		    ".\n", r->min, r->max);
	else if (r->type == CONF_BOOL)
		buf_str(out, "# yes or no.\n");
	else if (r->type == CONF_LIST)
		buf_str(out, "# Items separated by commas.\n");
	else if (r->type == CONF_SECRET)
		buf_printf(out, "# A secret: %s%s=path reads it from a file."
		    "\n", r->key, SUFFIX);
	for (size_t i = 0; i < (size_t)CONF_ALIASES; i++)
		if (conf_alias[i].of == k)
			buf_printf(out, "# Also read under its old name %s.\n",
			    conf_alias[i].key);
	buf_printf(out, "#%s=%s\n\n", r->key, r->def);
}

void
conf_sample(struct buf *out)
{
	buf_str(out,
	    "# Settings of Gatepost: every one, with its default behind #.\n"
	    "# KEY=value, KEY='value' or KEY=\"value\"; variables of the same\n"
	    "# names in the environment win.  Check a file with\n"
	    "#   gatepostctl config check FILE\n\n");
	for (unsigned k = 0; k < CONF_KEYS; k++)
		sample_row(out, k);
}
