/*
 * pattern.c - PCRE2.  The only file that includes it.
 *
 * Limits bound what hostile input can make a match cost; there is no JIT,
 * because services run with MemoryDenyWriteExecute.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/pattern.h"
#include "base/log.h"

#define STEPS_MAX	100000
#define HEAP_MAX_KIB	1024
#define DEPTH_MAX	1000

struct pattern {
	pcre2_code		*code;
	pcre2_match_data	*match;
	pcre2_match_context	*limits;
};

#define MONTH_DAY	"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define DNS_LABEL	"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

static const char *const row[PAT_COUNT] = {
	/* ids in paths (D18) */
	[PAT_ID] = "[A-Za-z0-9_-]{1,64}",
	/* one-time codes, 6 digits or more (S28) */
	[PAT_CODE] = "[0-9]{6,10}",
	/* at least 128 bits of base64url (D11) */
	[PAT_REGISTER_ID] = "[A-Za-z0-9_-]{22,64}",
	/* language, script, region: fa, fa-IR, fa_IR, zh-Hant-TW (RFC 5646) */
	[PAT_LOCALE] = "[A-Za-z]{2,3}([-_][A-Za-z]{4})?"
	    "([-_]([A-Za-z]{2}|[0-9]{3}))?",
	/* shape only: whether the day exists is asked of the calendar */
	[PAT_DATE] = "[0-9]{4}-" MONTH_DAY,
	/* RFC 8030 section 5.4 */
	[PAT_TOPIC] = "[A-Za-z0-9_-]{1,32}",
	/* names of ours: templates, groups' slugs, kinds */
	[PAT_WORD] = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
	/* a host name, no user, no fragment games: visible ASCII only */
	[PAT_URL_HTTPS] = "(?i:https)://" DNS_LABEL "(\\." DNS_LABEL ")*\\.?"
	    "(:[0-9]{1,5})?([/?#][\\x21-\\x7e]{0,2000})?",
};

static struct pattern *kept[PAT_COUNT];

struct pattern *
pattern_new(const char *regex)
{
	struct pattern *p = calloc(1, sizeof(*p));
	unsigned char why[120];
	PCRE2_SIZE where;
	int number;

	if (p == NULL)
		fatal("pattern: out of memory");
	p->code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
	    PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &number, &where, NULL);
	if (p->code == NULL) {
		pcre2_get_error_message(number, why, sizeof(why));
		fatal("pattern: %s at %zu: %s", regex, where,
		    (const char *)why);
	}
	p->match = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->match == NULL || p->limits == NULL)
		fatal("pattern: out of memory");
	pcre2_set_match_limit(p->limits, STEPS_MAX);
	pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
	pcre2_set_depth_limit(p->limits, DEPTH_MAX);
	return p;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_match_context_free(p->limits);
	pcre2_match_data_free(p->match);
	pcre2_code_free(p->code);
	free(p);
}

bool
pattern_match(const struct pattern *p, const char *s, size_t n)
{
	/* 0: matched, with more groups than asked for.  Every negative answer,
	 * broken UTF-8 and limits included, is no match. */
	return pcre2_match(p->code, (PCRE2_SPTR)s, n, 0, 0, p->match,
	    p->limits) >= 0;
}

bool
pattern_is(enum pattern_id id, const char *s)
{
	if (kept[id] == NULL)
		kept[id] = pattern_new(row[id]);
	return pattern_match(kept[id], s, strlen(s));
}
