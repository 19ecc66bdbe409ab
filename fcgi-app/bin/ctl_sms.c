/*
 * gatepostctl sms [status | release PREFIX | release --all | reset]
 *
 * status shows what has been spent of each budget that is the site's, and the
 * prefixes that get no message for now; release ends a suspension; reset
 * begins all budgets' windows anew.
 */
#include "base/conf.h"
#include "bin/ctl.h"
#include "store/sms.h"

static const char *const scope_word[] = { [SMS_AS] = "network",
	[SMS_PREFIX] = "prefix",
	[SMS_COUNTRY] = "country", [SMS_SITE] = "site" };

struct listing {
	struct ctl	*c;
	struct sms_spent s;
	struct sms_hold	 h;
};

/* 0: none. */
static int64_t
cap_of(uint64_t scope, uint64_t window_s)
{
	static const enum conf_key key[][2] = {
		[SMS_AS] = { CONF_SMS_AS_HOUR, CONF_SMS_AS_DAY },
		[SMS_PREFIX] = { CONF_SMS_PREFIX_HOUR, CONF_SMS_PREFIX_DAY },
		[SMS_COUNTRY] = { CONF_SMS_COUNTRY_HOUR,
		    CONF_SMS_COUNTRY_DAY },
		[SMS_SITE] = { CONF_SMS_SITE_HOUR, CONF_SMS_SITE_DAY },
	};

	if (scope == SMS_SITE && window_s == 60)
		return conf_int(CONF_SMS_SITE_MINUTE);
	return (scope != SMS_AS && scope < SMS_PREFIX) ||
	    scope > SMS_SITE ? 0 : conf_int(key[scope][window_s == 3600 ? 0 : 1]);
}

static int
show_spent(void *arg, struct err *e)
{
	const struct listing *l = arg;
	const struct sms_spent *s = &l->s;
	const char *word = s->scope <= SMS_SITE ? scope_word[s->scope] : "";
	const char *window = s->window_s == 3600 ? "hour" :
	    s->window_s == 60 ? "minute" : "day";
	int64_t cap = cap_of(s->scope, s->window_s);

	(void)e;
	if (l->c->json)
		printf("{\"budget\":\"%s\",\"of\":\"%s\",\"window\":\"%s\","
		    "\"spent\":%" PRIu64 ",\"cap\":%" PRId64
		    ",\"left_s\":%" PRId64 "}\n", word, s->label, window,
		    s->spent, cap, s->left_s);
	else
		printf("%-8s %-8s %-6s %12" PRIu64 " of %12" PRId64
		    "  ends in %" PRId64 " s\n", word, s->label, window,
		    s->spent, cap, s->left_s);
	return 0;
}

static int
show_hold(void *arg, struct err *e)
{
	const struct listing *l = arg;

	(void)e;
	if (l->c->json)
		printf("{\"suspended\":\"%s\",\"reason\":\"%s\",\"left_s\":%"
		    PRId64 "}\n", l->h.prefix, l->h.reason, l->h.left_s);
	else
		printf("suspended %s: %s, for another %" PRId64 " s\n",
		    l->h.prefix, l->h.reason, l->h.left_s);
	return 0;
}

static int
status(struct ctl *c)
{
	struct listing l = { .c = c };
	struct err e = ERR_INIT;
	int spent, held;

	if ((spent = sms_each_spent(c->db, c->arena, &l.s, show_spent, &l,
	    &e)) < 0 || (held = sms_each_hold(c->db, c->arena, &l.h,
	    show_hold, &l, &e)) < 0)
		return ctl_fail("the budgets were not read", &e,
		    "gatepostctl doctor");
	if (spent == 0)
		ctl_say(c, "nothing spent\n");
	if (held == 0 && !c->json)
		ctl_say(c, "no prefix is suspended\n");
	return CTL_OK;
}

static int
release(struct ctl *c)
{
	const char *prefix = ctl_word(c, 1);
	struct err e = ERR_INIT;
	int n;

	if (prefix == NULL && !ctl_flag(c, "--all"))
		return ctl_usage(c);
	n = sms_release(c->db, prefix == NULL ? "" : prefix, &e);
	if (n < 0)
		return ctl_fail("nothing was released", &e, NULL);
	ctl_say(c, "%d prefixes get messages again\n", n);
	return n == 0 && prefix != NULL ? CTL_FAILED : CTL_OK;
}

static int
reset(struct ctl *c)
{
	struct err e = ERR_INIT;
	int n = sms_forget(c->db, &e);

	if (n < 0)
		return ctl_fail("the budgets stay as they are", &e, NULL);
	ctl_say(c, "all budgets begin anew\n");
	return CTL_OK;
}

int
ctl_sms(struct ctl *c)
{
	const char *word = ctl_word(c, 0);

	if (word == NULL || strcmp(word, "status") == 0)
		return status(c);
	if (strcmp(word, "release") == 0)
		return release(c);
	if (strcmp(word, "reset") == 0)
		return reset(c);
	return ctl_usage(c);
}
