/*
 * gatepostctl passwords build LIST OUT | check FILE
 *
 * build makes the filter of leaked passwords (GATEPOST_LEAKED_FILE) from a
 * list: a password a line, or its SHA-1 in hex with or without ":count".
 * check opens one, verifies its sums, and says how many entries it has.
 */
#include "auth/leaked.h"
#include "base/clock.h"
#include "bin/ctl.h"

static int
build(struct ctl *c, const char *list, const char *out)
{
	int64_t begun = clock_mono();
	struct err e = ERR_INIT;
	uint64_t n = 0;
	FILE *f = strcmp(list, "-") == 0 ? stdin : fopen(list, "re");
	int rc;

	if (f == NULL) {
		err_errno(&e, "read", "%s", list);
		return ctl_fail("the list was not opened", &e, NULL);
	}
	rc = leaked_build(f, out, &n, &e);
	fclose(f);
	if (rc < 0)
		return ctl_fail("no filter was made", &e, NULL);
	ctl_say(c, "%s: %" PRIu64 " passwords in %" PRId64 " ms\n", out, n,
	    (clock_mono() - begun) / 1000);
	return CTL_OK;
}

int
ctl_passwords(struct ctl *c)
{
	const char *word = ctl_word(c, 0), *a = ctl_word(c, 1),
	    *b = ctl_word(c, 2);
	struct err e = ERR_INIT;
	struct leaked *l;

	if (word != NULL && strcmp(word, "build") == 0 && b != NULL)
		return build(c, a, b);
	if (word == NULL || strcmp(word, "check") != 0 || a == NULL)
		return ctl_usage(c);
	if (leaked_open(a, &l, &e) < 0)
		return ctl_fail("the filter is of no use", &e, NULL);
	ctl_say(c, "%s: whole, %" PRIu64 " passwords\n", a, leaked_count(l));
	leaked_close(l);
	return CTL_OK;
}
