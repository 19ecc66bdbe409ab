/*
 * gatepostctl provider [list | test CHANNEL TO [--by NAME]]
 *
 * list shows the accounts at providers, what each sent today, and which are
 * left alone for now, with the reason.  test sends a real message through the
 * queue, waits for what becomes of it and prints each attempt: by the account
 * named, else by the one that is chosen.
 */
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/rand.h"
#include "base/text.h"
#include "bin/ctl.h"
#include "channel/channel.h"
#include "queue/bell.h"
#include "queue/enqueue.h"
#include "store/delivery.h"
#include "store/provider.h"
#include "store/provider_state.h"

#define STATES_MAX	64
#define WAIT_US		(INT64_C(60) * US_PER_S)
#define LIFE_S		120

static const char *
state_of(const struct provider_row *row, int n, const char *name,
    const char **why)
{
	*why = "";
	for (int i = 0; i < n; i++)
		if (strcmp(row[i].name, name) == 0 &&
		    strcmp(row[i].state, "closed") != 0) {
			*why = row[i].reason;
			return row[i].state;
		}
	return "ok";
}

static void
line(struct ctl *c, const struct provider_account *a, bool ready,
    const char *state, const char *why)
{
	const struct provider *p = provider_find(a->kind);
	struct buf b;
	struct jw w;

	if (!a->active)
		state = "inactive";
	else if (!ready)
		state = "not_configured";
	if (!c->json) {
		printf("%-24s %-10s %-9s weight %-4" PRIu64 " today %" PRIu64,
		    a->name, a->kind, p == NULL ? "?" : p->channel, a->weight,
		    a->sent_today);
		if (a->daily_limit > 0)
			printf(" of %" PRIu64, a->daily_limit);
		printf("  %s%s%s\n", state, *why == '\0' ? "" : ": ", why);
		return;
	}
	buf_init(&b, 4096);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "name", a->name);
	jw_str(&w, "kind", a->kind);
	jw_str(&w, "channel", p == NULL ? "" : p->channel);
	jw_u64(&w, "weight", a->weight);
	jw_u64(&w, "daily_limit", a->daily_limit);
	jw_u64(&w, "sent_today", a->sent_today);
	jw_str(&w, "health", state);
	jw_str(&w, "reason", why);
	jw_end(&w);
	printf("%s\n", buf_text(&b));
	buf_fini(&b);
}

static int
list(struct ctl *c)
{
	struct provider_account row[PROVIDER_ROWS_MAX];
	struct provider_row state[STATES_MAX];
	struct provider_day day[STATES_MAX], hour[STATES_MAX];
	struct err e = ERR_INIT;
	const char *why, *word;
	int n, states, days, hours;

	if ((n = provider_list(c->db, c->arena, row, PROVIDER_ROWS_MAX,
	    &e)) < 0 || (states = provider_state_all(c->db, c->arena, state,
	    STATES_MAX, &e)) < 0 || (days = provider_days(c->db, c->arena,
	    day, STATES_MAX, &e)) < 0 || (hours = provider_hours(c->db,
	    c->arena, hour, STATES_MAX, &e)) < 0)
		return ctl_fail("the accounts were not read", &e,
		    "gatepostctl doctor");
	for (size_t i = 0; providers[i] != NULL; i++) {
		const struct provider *p = providers[i];
		struct provider_account a = { .name = p->name,
		    .kind = p->name, .active = true,
		    .weight = account_implicit_weight(p),
		    .daily_limit = p->daily == NULL ? 0 : p->daily(NULL) };
		struct err none = ERR_INIT;

		/* The worker counts where there is something to keep to;
		 * of the others the log knows. */
		a.sent_today = a.daily_limit > 0 ?
		    provider_sent_of(day, (size_t)days, a.name) :
		    provider_sent_of(hour, (size_t)hours, a.name);
		word = state_of(state, states, a.name, &why);
		/* Web push is set up by the key directory; the doctor looks
		 * there. */
		line(c, &a, p->settings == NULL ||
		    p->configured(NULL, &none) == 0, word, why);
	}
	for (int i = 0; i < n; i++) {
		word = state_of(state, states, row[i].name, &why);
		line(c, &row[i], true, word, why);
	}
	return CTL_OK;
}

/* --- test ---------------------------------------------------------------------- */

struct seen { struct delivery d, last; bool any; struct arena *a; };

static int
see(void *arg, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->last = s->d;
	s->any = true;
	return 0;
}

static int
outcome(const struct ctl *c, const struct delivery *d)
{
	bool sent = strcmp(d->state, "sent") == 0 ||
	    strcmp(d->state, "delivered") == 0 ||
	    strcmp(d->state, "read") == 0;

	if (*d->attempt_log != '\0')
		printf("%s", d->attempt_log);
	ctl_say(c, "%s by %s%s%s\n", d->state, *d->provider == '\0' ? "none" :
	    d->provider, *d->reason == '\0' ? "" : ": ", d->reason);
	return sent ? CTL_OK : CTL_FAILED;
}

/* Until it is final, or a minute is over. */
static int
wait_for(struct ctl *c, uint64_t id)
{
	struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	int64_t end = clock_mono() + WAIT_US;
	struct err e = ERR_INIT;
	int rc;

	for (;;) {
		struct seen s = { .a = arena_new((size_t)1 << 20) };

		if (delivery_each(c->db, s.a, id, 0, 1, &s.d, see, &s,
		    &e) < 0) {
			arena_free(s.a);
			return ctl_fail("it is not known what became of it",
			    &e, "gatepostctl doctor");
		}
		if (s.any && (strcmp(s.last.state, "queued") != 0 ||
		    clock_mono() > end)) {
			rc = outcome(c, &s.last);
			arena_free(s.a);
			return rc;
		}
		arena_free(s.a);
		if (clock_mono() > end)
			return ctl_fail("nobody took it within a minute",
			    NULL, "is gatepost-worker running?");
		(void)nanosleep(&pause, NULL);
	}
}

static bool
has_channel(const char *channel)
{
	for (size_t i = 0; providers[i] != NULL; i++)
		if (strcmp(providers[i]->channel, channel) == 0)
			return true;
	return false;
}

static int
test(struct ctl *c)
{
	const char *channel = ctl_word(c, 1), *to = ctl_word(c, 2);
	const char *by = ctl_option(c, "--by");
	struct enqueue m = { .id = rand_id(), .type = "test",
	    .class = CLASS_TRANSACTIONAL, .title = "Test", .life_s = LIFE_S };
	bool in_app = channel != NULL && strcmp(channel, "in_app") == 0;
	struct err e = ERR_INIT;
	struct buf b;
	struct jw w;
	uint64_t user_id;
	int rc;

	if (channel == NULL || to == NULL)
		return ctl_usage(c);
	m.content = provider_trial(provider_for(channel), c->arena);
	if (!in_app && !has_channel(channel))
		return ctl_fail("no provider serves this channel", NULL,
		    "gatepostctl provider list");
	buf_init(&b, 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	/* A number alone is somebody's id: for channels of devices. */
	if (text_u64(to, UINT64_MAX, &user_id) == 1 && *to != '0') {
		jw_array(&w, "user_ids");
		jw_u64(&w, NULL, user_id);
		jw_end(&w);
	} else {
		jw_str(&w, "to", to);
	}
	if (by != NULL)
		jw_str(&w, "provider", by);
	/* Nobody's provider: it is there when it is planned. */
	if (in_app) {
		jw_array(&w, "channels");
		jw_str(&w, NULL, channel);
		jw_end(&w);
	}
	jw_end(&w);
	m.channel = in_app ? "" : channel;
	m.audience = buf_text(&b);
	rc = enqueue(c->db, &m, NULL, NULL, &e);
	buf_fini(&b);
	if (rc < 0)
		return ctl_fail("it was not accepted", &e,
		    "gatepostctl doctor");
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	ctl_say(c, "notification %" PRIu64 " is accepted\n", m.id);
	return wait_for(c, m.id);
}

int
ctl_provider(struct ctl *c)
{
	const char *word = ctl_word(c, 0);

	if (word == NULL || strcmp(word, "list") == 0)
		return list(c);
	if (strcmp(word, "test") == 0)
		return test(c);
	return ctl_usage(c);
}
