/*
 * gatepostctl config sample | check [FILE] | show | import FILE
 *
 * sample prints every setting with its default, range and help.  check loads
 * a file and says what would make a start unsafe.  show prints what is in
 * force, secrets masked.  import reads a .env of a replaced system and prints
 * a new file with the names that we know.
 */
#include "auth/leaked.h"
#include "base/conf.h"
#include "base/file.h"
#include "bin/ctl.h"

#define REPORT_MAX	((size_t)256 * 1024)

static const struct { enum conf_key id; const char *key; enum conf_type type; }
rows[] = {
#define CONF(id, key, type, def, min, max, help) { id, key, type },
#define ALIAS(key, of)
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
};

static int
sample(void)
{
	struct buf b;

	buf_init(&b, REPORT_MAX);
	conf_sample(&b);
	fputs(buf_text(&b), stdout);
	buf_fini(&b);
	return CTL_OK;
}

static int
load(struct ctl *c, const char *path)
{
	struct err e = ERR_INIT;

	if (conf_load(path != NULL ? path : c->config, &e) < 0)
		return ctl_fail("the settings do not load", &e, NULL);
	return CTL_OK;
}

/* The filter is opened whole: set and of no use, new passwords get 503. */
static int
check_leaked(struct buf *report)
{
	const char *path = conf_str(CONF_LEAKED_FILE);
	struct err e = ERR_INIT;
	struct leaked *l;

	if (*path == '\0')
		return 0;
	if (leaked_open(path, &l, &e) == 0) {
		leaked_close(l);
		return 0;
	}
	buf_printf(report, "GATEPOST_LEAKED_FILE: %s: gatepostctl passwords "
	    "build LIST %s\n", e.detail, path);
	return 1;
}

static int
check(struct ctl *c)
{
	struct buf report;
	int n;

	if (load(c, ctl_word(c, 1)) != CTL_OK)
		return CTL_FAILED;
	buf_init(&report, REPORT_MAX);
	n = conf_check(&report) + check_leaked(&report);
	if (n > 0)
		fputs(buf_text(&report), stderr);
	else
		ctl_say(c, "the settings are good\n");
	buf_fini(&report);
	return n > 0 ? CTL_FAILED : CTL_OK;
}

static int
show(struct ctl *c)
{
	if (load(c, NULL) != CTL_OK)
		return CTL_FAILED;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].type == CONF_INT)
			printf("%s=%" PRId64 "\n", rows[i].key,
			    conf_int(rows[i].id));
		else if (rows[i].type == CONF_BOOL)
			printf("%s=%s\n", rows[i].key,
			    conf_bool(rows[i].id) ? "yes" : "no");
		else
			printf("%s=%s\n", rows[i].key,
			    rows[i].type == CONF_SECRET &&
			    *conf_str(rows[i].id) != '\0' ? "********" :
			    conf_str(rows[i].id));
	}
	return CTL_OK;
}

/* Known names keep their values (aliases become the name of today); what we
 * do not know stays behind as a comment, without its value. */
static int
import(struct ctl *c)
{
	const char *path = ctl_word(c, 1);
	struct err e = ERR_INIT;
	char *text, *line, *rest;
	size_t n;

	if (path == NULL)
		return ctl_usage(c);
	if (file_read(c->arena, path, REPORT_MAX, &text, &n, &e) < 0)
		return ctl_fail("the file was not read", &e, NULL);
	if (conf_load(path, &e) < 0)
		return ctl_fail("the file does not load", &e, NULL);
	printf("# imported from a .env\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].type == CONF_INT)
			printf("%s=%" PRId64 "\n", rows[i].key,
			    conf_int(rows[i].id));
		else if (rows[i].type == CONF_BOOL)
			printf("%s=%s\n", rows[i].key,
			    conf_bool(rows[i].id) ? "yes" : "no");
		else if (*conf_str(rows[i].id) != '\0')
			printf("%s=\"%s\"\n", rows[i].key,
			    conf_str(rows[i].id));
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strcspn(line, "=");
		bool known = line[0] == '#' || line[len] != '=';

		for (size_t i = 0; i < COUNT_OF(rows) && !known; i++)
			known = strlen(rows[i].key) == len &&
			    strncmp(rows[i].key, line, len) == 0;
		if (!known)
			printf("# not ours: %.*s\n", (int)len, line);
	}
	return CTL_OK;
}

int
ctl_config(struct ctl *c)
{
	const char *word = ctl_word(c, 0);

	if (word == NULL)
		return ctl_usage(c);
	if (strcmp(word, "sample") == 0)
		return sample();
	if (strcmp(word, "check") == 0)
		return check(c);
	if (strcmp(word, "show") == 0)
		return show(c);
	if (strcmp(word, "import") == 0)
		return import(c);
	return ctl_usage(c);
}
