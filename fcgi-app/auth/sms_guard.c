/*
 * sms_guard.c - see sms_guard.h.
 *
 * The order is: what costs nothing, what reads, the proof of work, what
 * counts, the money.  A refusal further down may leave counts further up, never
 * money.
 */
#include "auth/sms_guard.h"

#include "auth/audit.h"
#include "auth/pow.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/geo.h"
#include "base/log.h"
#include "base/phone.h"
#include "base/text.h"
#include "http/bind.h"
#include "store/known_device.h"
#include "store/sms.h"

#define MINUTE_S	60U
#define HOUR_S		3600U
#define DAY_S		86400U
#define BLOCK_MAX	32
#define BREAK_US	(5 * US_PER_S)

/* --- pace ----------------------------------------------------------------------- */

/* Count it, or only look. */
static int
pace(struct db *db, const char *target, bool known, bool count,
    struct err *e)
{
	const struct {
		const char *rule, *code;
		uint32_t limit, window_s;
	} row[] = {
		{ known ? "code_soon_known" : "code_soon", "code_too_soon", 1,
		    (uint32_t)conf_int(CONF_CODE_RESEND_S) },
		{ known ? "code_day_known" : "code_day", "too_many_codes",
		    (uint32_t)conf_int(CONF_CODE_DAY), DAY_S },
	};
	size_t n = strlen(target);

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int wait_s = 0;
		int rc = (count ? throttle_take : throttle_peek)(db,
		    row[i].rule, target, n, row[i].limit, row[i].window_s,
		    &wait_s, e);

		if (rc <= 0)
			return rc < 0 ? -1 :
			    err_throttled(e, row[i].code, wait_s);
	}
	return 0;
}

int
sms_guard_pace(struct db *db, const char *target, bool known, struct err *e)
{
	return pace(db, target, known, true, e);
}

/* --- money ------------------------------------------------------------------------ */

/* In the order in which they are taken.  0 in the setting: no such budget. */
static const struct budget {
	enum sms_scope	 scope;
	uint32_t	 window_s;
	enum conf_key	 cap;
	const char	*word;
} budgets[] = {
	{ SMS_NUMBER, HOUR_S, CONF_SMS_NUMBER_HOUR, "number_hour" },
	{ SMS_NUMBER, DAY_S, CONF_SMS_NUMBER_DAY, "number_day" },
	{ SMS_ADDRESS, HOUR_S, CONF_SMS_ADDRESS_HOUR, "address_hour" },
	{ SMS_ADDRESS, DAY_S, CONF_SMS_ADDRESS_DAY, "address_day" },
	{ SMS_NET, HOUR_S, CONF_SMS_NET_HOUR, "net_hour" },
	{ SMS_NET, DAY_S, CONF_SMS_NET_DAY, "net_day" },
	{ SMS_AS, HOUR_S, CONF_SMS_AS_HOUR, "network_hour" },
	{ SMS_AS, DAY_S, CONF_SMS_AS_DAY, "network_day" },
	{ SMS_PREFIX, HOUR_S, CONF_SMS_PREFIX_HOUR, "prefix_hour" },
	{ SMS_PREFIX, DAY_S, CONF_SMS_PREFIX_DAY, "prefix_day" },
	{ SMS_COUNTRY, HOUR_S, CONF_SMS_COUNTRY_HOUR, "country_hour" },
	{ SMS_COUNTRY, DAY_S, CONF_SMS_COUNTRY_DAY, "country_day" },
	{ SMS_SITE, MINUTE_S, CONF_SMS_SITE_MINUTE, "site_minute" },
	{ SMS_SITE, HOUR_S, CONF_SMS_SITE_HOUR, "site_hour" },
	{ SMS_SITE, DAY_S, CONF_SMS_SITE_DAY, "site_day" },
};
_Static_assert(COUNT_OF(budgets) <= SMS_COUNTERS_MAX, "counters");

struct guarding {
	struct db		*db;
	const struct req	*q;
	const struct sms_ask	*s;
	const struct sms_notice	*notice;	/* NULL: a stranger asks */
	char			 prefix[SMS_PREFIX_MAX], country[3];
	char			 network[GEO_AS_TEXT];	/* "": not known */
	uint8_t			 net[16];
	bool			 exempt;	/* this machine, where it is */
	uint64_t		 cost;
	struct sms_counter	 counter[SMS_COUNTERS_MAX];
	const struct budget	*budget[SMS_COUNTERS_MAX];
	size_t			 counters;
};

/* "+98=120,+1=900": the longest that begins the number. */
static uint64_t
cost_of(const char *phone)
{
	const char *p = conf_str(CONF_SMS_COSTS);
	uint64_t cost = (uint64_t)conf_int(CONF_SMS_COST);
	size_t best = 0;

	while (*p != '\0') {
		size_t n = strcspn(p, "=, ");

		if (p[n] == '=' && n > best && strncmp(phone, p, n) == 0) {
			unsigned long v = strtoul(p + n + 1, NULL, 10);

			if (v > 0) {
				best = n;
				cost = v;
			}
		}
		p += strcspn(p, ", ");
		p += strspn(p, ", ");
	}
	return cost;
}

static void
key_of(uint8_t k[SMS_KEY], const char *purpose, const struct budget *b,
    const void *subject, size_t n)
{
	const struct keyring *keys = token_keys();
	const struct crypto_part part[] = {
		{ purpose, strlen(purpose) + 1 },
		{ b->word, strlen(b->word) + 1 }, { subject, n }
	};
	uint8_t mac[32];

	hmac_sha256_parts(mac, keys->mac, sizeof(keys->mac), part,
	    COUNT_OF(part));
	memcpy(k, mac, SMS_KEY);
}

/* What a number gets of codes, of notices and of ways back is counted apart,
 * so that none uses up another's. */
static const char *
purpose_of(const struct guarding *g, enum sms_scope scope)
{
	if (g->notice == NULL || scope != SMS_NUMBER)
		return "gatepost sms budget";
	return g->notice->way_back ? "gatepost sms way back" :
	    "gatepost sms notice";
}

/* IPv4's /24; of IPv6, whose /64 is the address, the /48. */
static void
net_of(uint8_t net[16], const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(net, 0, 16);
	memcpy(net, address, memcmp(address, mapped, sizeof(mapped)) == 0 ?
	    15 : 6);
}

static void
choose_counters(struct guarding *g)
{
	for (size_t i = 0; i < COUNT_OF(budgets); i++) {
		const struct budget *b = &budgets[i];
		struct sms_counter *c = &g->counter[g->counters];
		const void *subject = "";
		size_t n = 0;

		*c = (struct sms_counter){ .scope = b->scope, .label = "",
		    .window_s = b->window_s,
		    .cap = (uint64_t)conf_int(b->cap) };
		switch (b->scope) {
		case SMS_NUMBER:
			subject = g->s->phone;
			n = strlen(g->s->phone);
			break;
		case SMS_ADDRESS:
		case SMS_NET:
			if (g->exempt)
				continue;
			subject = b->scope == SMS_NET ? g->net :
			    g->q->addr_key;
			n = 16;
			break;
		case SMS_AS:
		case SMS_PREFIX:
		case SMS_COUNTRY:
			if (b->scope == SMS_AS && (g->exempt ||
			    g->network[0] == '\0'))
				continue;
			c->label = b->scope == SMS_AS ? g->network :
			    b->scope == SMS_PREFIX ? g->prefix :
			    g->country;
			subject = c->label;
			n = strlen(c->label);
			break;
		case SMS_SITE:
			break;
		}
		if (c->cap == 0)
			continue;
		/* Counted, and never in the way. */
		if (g->notice != NULL && g->notice->only_way &&
		    b->scope != SMS_NUMBER)
			c->cap = INT64_MAX;
		key_of(c->k, purpose_of(g, b->scope), b, subject, n);
		g->budget[g->counters++] = b;
	}
}

static void
begin(struct guarding *g, struct db *db, const struct req *q,
    const struct sms_ask *s, const struct sms_notice *notice)
{
	memset(g, 0, sizeof(*g));
	g->notice = notice;
	g->db = db;
	g->q = q;
	g->s = s;
	g->cost = cost_of(s->phone);
	g->exempt = q == NULL || (q->loopback &&
	    !conf_bool(CONF_LIMITS_LOOPBACK));
	sms_guard_prefix(s->phone, g->prefix);
	phone_region(s->phone, g->country);
	if (q != NULL) {
		net_of(g->net, q->addr_key);
		(void)geo_as(q->remote_addr, g->network);
	}
	choose_counters(g);
}

/* --- telling ------------------------------------------------------------------------ */

/* Once a window: a line that monitors look for, and an audit row.  What it is
 * of is a prefix or country; of numbers and addresses only the kind. */
static int
alert(struct db *db, const struct req *q, const char *what,
    const char *label, uint32_t window_s, struct err *e)
{
	char subject[80], detail[160];
	int n = snprintf(subject, sizeof(subject), "%.40s:%.20s", what,
	    label);
	const struct audit_event ev = { .event = "sms_alert",
	    .outcome = "stopped", .detail = detail };
	int wait_s, rc;

	rc = throttle_take(db, "sms_alert", subject, (size_t)n, 1, window_s,
	    &wait_s, e);
	if (rc <= 0)
		return rc;
	log_event("sms_alert", LOG_KV("what", what), LOG_KV("of", label));
	snprintf(detail, sizeof(detail), "{\"what\":\"%.40s\",\"of\":"
	    "\"%.20s\"}", what, label);
	return audit_add(db, q, &ev, e);
}

static int
stop(struct guarding *g, const char *code, const char *what,
    const char *label, uint32_t window_s, int wait_s, struct err *e)
{
	if (alert(g->db, g->q, what, label, window_s, e) < 0)
		return -1;
	return err_throttled(e, code, wait_s);
}

/* --- runs (S47) ----------------------------------------------------------------------- */

/*
 * Two overlapping divisions of the numbers into blocks of a hundred, so that
 * no run of fifty lies across a border of both.
 */
static void
block_of(char out[BLOCK_MAX], const char *phone, unsigned half)
{
	uint64_t n = strtoull(phone + 1, NULL, 10) + 50 * (uint64_t)half;

	snprintf(out, BLOCK_MAX, "%u:%" PRIu64, half, n / 100);
}

#define RUN_WAIT	HOUR_S

static int
look_for_runs(struct guarding *g, bool count, struct err *e)
{
	const char *phone = g->s->phone;
	uint32_t limit = (uint32_t)conf_int(CONF_SMS_RUN);
	char block[BLOCK_MAX];
	int wait_s = 0, rc;

	if (limit == 0)
		return 0;
	if (count) {
		rc = throttle_take(g->db, "sms_seen", phone, strlen(phone),
		    1, RUN_WAIT, &wait_s, e);
		if (rc <= 0)
			return rc;
	}
	for (unsigned half = 0; half < 2; half++) {
		size_t n;

		block_of(block, phone, half);
		n = strlen(block);
		rc = count ? throttle_take(g->db, "sms_run", block, n, limit,
		    RUN_WAIT, &wait_s, e) : throttle_peek(g->db,
		    "sms_tripped", block, n, 1, RUN_WAIT, &wait_s, e);
		if (rc < 0)
			return -1;
		if (rc == 1)
			continue;
		/* From here the whole block is refused, those who were served
		 * before included. */
		if (count && throttle_take(g->db, "sms_tripped", block, n, 1,
		    RUN_WAIT, &wait_s, e) < 0)
			return -1;
		return stop(g, "destination_suspended", "adjacent_numbers",
		    g->prefix, HOUR_S, wait_s > 0 ? wait_s : (int)RUN_WAIT,
		    e);
	}
	return 0;
}

/* --- proof of work (S49) ------------------------------------------------------------------ */

static int
is_known_device(const struct guarding *g, struct err *e)
{
	const char *token = g->q->device_cookie;
	uint8_t hash[32];

	sha256(hash, token, strlen(token));
	return known_device_any(g->db, hash, e);
}

/* Is work asked of this request?  1, 0, -1. */
static int
work_wanted(const struct guarding *g, struct err *e)
{
	const char *mode = conf_str(CONF_SMS_POW);
	int rc;

	if (g->exempt || strcmp(mode, "off") == 0)
		return 0;
	rc = sms_crowded(g->db, g->counter, g->counters, g->cost,
	    (unsigned)conf_int(CONF_SMS_POW_SHARE), e);
	if (rc != 0 || strcmp(mode, "always") != 0)
		return rc;
	rc = is_known_device(g, e);
	return rc < 0 ? -1 : rc == 0;
}

static int
demand_work(const struct guarding *g, struct err *e)
{
	const char *answer;
	int rc = work_wanted(g, e);

	if (rc <= 0)
		return rc;
	answer = bind_peek_text(g->q, "pow");
	rc = answer == NULL ? 0 : pow_check(g->db, answer, e);
	if (rc < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_FORBIDDEN, "pow_required",
	    answer == NULL ? "no proof of work" : "a bad or used proof");
}

/* --- all -------------------------------------------------------------------------------------- */

int
sms_guard_take(struct db *db, const struct req *q, const struct sms_ask *s,
    struct err *e)
{
	struct guarding g;
	struct sms_charge_new charge;
	const struct budget *b;
	size_t full = 0;
	int rc, wait_s = 0;

	begin(&g, db, q, s, NULL);
	if (pace(db, s->phone, s->known, false, e) < 0 ||
	    (rc = sms_suspended(db, g.prefix, &wait_s, e)) < 0)
		return -1;
	if (rc == 1)
		return err_throttled(e, "destination_suspended", wait_s);
	if (look_for_runs(&g, false, e) < 0 || demand_work(&g, e) < 0 ||
	    pace(db, s->phone, s->known, true, e) < 0 ||
	    look_for_runs(&g, true, e) < 0)
		return -1;
	charge = (struct sms_charge_new){
		.notification_id = s->notification_id,
		.flow_id = s->flow_id, .cost = g.cost, .prefix = g.prefix,
		.is_code = s->is_code, .counter = g.counter,
		.counters = g.counters,
	};
	if ((rc = sms_reserve(db, &charge, &full, &wait_s, e)) != 0)
		return rc < 0 ? -1 : 0;
	b = g.budget[full];
	return stop(&g, "sms_budget", b->word, g.counter[full].label,
	    b->window_s, wait_s, e);
}

int
sms_guard_notice(struct db *db, const struct sms_notice *n, struct err *e)
{
	const struct sms_ask s = { .phone = n->phone };
	struct err why = ERR_INIT;
	struct sms_charge_new charge;
	struct guarding g;
	const char *what = "suspended", *label = g.prefix;
	size_t full = 0;
	int rc, wait_s = 0;

	if (sms_guard_number(n->phone, "phone_number", &why) < 0)
		return 0;
	begin(&g, db, NULL, &s, n);
	if ((rc = sms_suspended(db, g.prefix, &wait_s, e)) < 0)
		return -1;
	if (rc == 0 || n->only_way) {
		charge = (struct sms_charge_new){
			.notification_id = n->notification_id,
			.cost = g.cost, .prefix = g.prefix,
			.counter = g.counter, .counters = g.counters,
		};
		if ((rc = sms_reserve_with(db, &charge, &full, e)) != 0)
			return rc;
		what = g.budget[full]->word;
		label = g.counter[full].label;
	}
	/* Only a line: the audit row of a budget is counted by itself, which
	 * nothing in a transaction may be. */
	log_event("sms_alert", LOG_KV("what", what), LOG_KV("of", label),
	    LOG_KV("not_sent", "notice"));
	return 0;
}

int
sms_guard_sweep(struct db *db, bool purge, struct err *e)
{
	const struct sms_breaker b = {
		.sample = (uint32_t)conf_int(CONF_SMS_CONVERSION_SAMPLE),
		.percent = (uint32_t)conf_int(CONF_SMS_CONVERSION_PERCENT),
		.wait_s = (uint32_t)conf_int(CONF_SMS_CONVERSION_WAIT_S),
		.hold_s = (uint32_t)conf_int(CONF_SMS_SUSPEND_S),
	};
	static int64_t next_us;
	char prefix[SMS_PREFIX_TEXT];
	struct arena *a;
	int rc;

	if (sms_settle(db, 256, e) < 0 || (purge && sms_purge(db, 500, e) <
	    0))
		return -1;
	/* It reads some thousands of rows: not each second. */
	if (b.percent == 0 || clock_mono() < next_us)
		return 0;
	next_us = clock_mono() + BREAK_US;
	a = arena_new((size_t)64 * 1024);
	rc = sms_break(db, a, &b, prefix, e);
	if (rc == 1)
		rc = alert(db, NULL, "low_conversion", prefix, b.hold_s, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}
