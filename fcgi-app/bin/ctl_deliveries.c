/*
 * gatepostctl deliveries [ID] [--to ADDRESS] [--user ID] …
 *
 * Why did she not get it: rows of the log, newest first, found by what is
 * known of them; or, with the id of one, its whole story.  --limit 0 lists
 * all there are.  A search that has to look far back says how far it came.
 */
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/phone.h"
#include "base/reason.h"
#include "base/text.h"
#include "bin/ctl.h"
#include "store/delivery_log.h"

#define SHOWN	50

/* --- one -------------------------------------------------------------------- */

static void
say_attempts(const char *log)
{
	while (log != NULL && *log != '\0') {
		size_t n = strcspn(log, "\n");

		printf("attempt   %.*s\n", (int)n, log);
		log += n;
		log += *log == '\n';
	}
}

static void
say_time(const char *what, int64_t us)
{
	char text[CLOCK_TEXT_MAX];

	if (us != 0)
		printf("%-9s %s\n", what, clock_rfc3339(us, true, text));
}

static int
story(struct ctl *c, struct delivery_at at)
{
	struct delivery_story s;
	struct err e = ERR_INIT;
	int rc = delivery_story(c->db, c->arena, at, &s, &e);

	if (rc < 0)
		return ctl_fail("the delivery was not read", &e,
		    "gatepostctl doctor");
	if (rc == 0)
		return ctl_fail("there is no such delivery", NULL, NULL);
	printf("delivery  %" PRIu64 "-%" PRIu64 "\ntype      %s\n"
	    "title     %s\nchannel   %s by %s\nto        %s (user %" PRIu64
	    ")\nrequest   %s\nprovider  id %s\n", s.d.notification_id,
	    s.d.seq, s.d.type, s.d.title, s.d.channel, s.d.provider,
	    s.d.target, s.d.user_id, s.d.request_id, s.d.provider_id);
	say_time("accepted", s.accepted_us);
	say_time("planned", s.d.created_us);
	say_attempts(s.attempt_log);
	say_time("sent", s.d.sent_us);
	if (s.d.segments != 0)
		printf("segments  %" PRIu64 "\n", s.d.segments);
	say_time("changed", s.d.updated_us);
	printf("state     %s\n", s.d.state);
	if (s.d.reason[0] != '\0')
		printf("reason    %s: %s\n", s.d.reason,
		    reason_say(LANG_EN, s.d.reason));
	if (s.job_id != 0) {
		printf("job       %" PRIu64 ", last error: %s\n", s.job_id,
		    s.last_error);
		say_time("next", s.run_us);
		say_time("dead at", s.job_expires_us);
	}
	return CTL_OK;
}

/* --- many ------------------------------------------------------------------- */

static void
show(const struct ctl *c, const struct delivery_seen *d)
{
	char at[CLOCK_TEXT_MAX];

	clock_rfc3339(d->created_us, false, at);
	if (c->json) {
		struct buf b;
		struct jw w;

		buf_init(&b, 65536);
		jw_init(&w, &b);
		jw_object(&w, NULL);
		jw_str(&w, "id", arena_printf(c->arena, "%" PRIu64 "-%"
		    PRIu64, d->notification_id, d->seq));
		jw_u64(&w, "user_id", d->user_id);
		jw_str(&w, "type", d->type);
		jw_str(&w, "title", d->title);
		jw_str(&w, "channel", d->channel);
		jw_str(&w, "provider", d->provider);
		jw_str(&w, "provider_id", d->provider_id);
		jw_str(&w, "target", d->target);
		jw_str(&w, "state", d->state);
		jw_str(&w, "reason", d->reason);
		jw_u64(&w, "attempts", d->attempts);
		if (d->segments == 0)
			jw_null(&w, "segments");
		else
			jw_u64(&w, "segments", d->segments);
		jw_str(&w, "request_id", d->request_id);
		jw_time(&w, "created_at", d->created_us);
		jw_time(&w, "sent_at", d->sent_us);
		jw_end(&w);
		printf("%s\n", buf_text(&b));
		buf_fini(&b);
		return;
	}
	printf("%s  %" PRIu64 "-%-3" PRIu64 " %-8s %-9s %-28s %s\n", at,
	    d->notification_id, d->seq, d->channel, d->state,
	    d->reason, d->target);
}

static void
say_progress(const struct ctl *c, struct delivery_at next)
{
	char at[CLOCK_TEXT_MAX];

	if (c->quiet || isatty(STDERR_FILENO) != 1)
		return;
	fprintf(stderr, "\rlooked back to %s ", clock_rfc3339(
	    (int64_t)(next.id >> 22) * 1000 + INT64_C(1704067200000000),
	    false, at));
	fflush(stderr);
}

static int
list(struct ctl *c, struct delivery_search *f, uint64_t limit)
{
	struct delivery_seen *row = calloc(DELIVERY_LOG_PAGE_MAX,
	    sizeof(*row));
	struct err e = ERR_INIT;
	uint64_t shown = 0;
	int n = 0, rc = CTL_OK;

	if (row == NULL)
		return ctl_fail("out of memory", NULL, NULL);
	do {
		struct arena *a = arena_new((size_t)16 << 20), *kept =
		    c->arena;
		uint64_t left = limit == 0 ? UINT64_MAX : limit - shown;

		c->arena = a;
		f->limit = left < DELIVERY_LOG_PAGE_MAX ? (unsigned)left :
		    DELIVERY_LOG_PAGE_MAX;
		n = delivery_search(c->db, a, f, row, &f->before, &e);
		for (int i = 0; i < n; i++)
			show(c, &row[i]);
		c->arena = kept;
		arena_free(a);
		shown += n > 0 ? (uint64_t)n : 0;
		if (n >= 0 && f->before.id != 0 && n < (int)f->limit)
			say_progress(c, f->before);
	} while (n >= 0 && f->before.id != 0 &&
	    (limit == 0 || shown < limit));
	free(row);
	if (n < 0)
		rc = ctl_fail("the log was not read to its end", &e,
		    "gatepostctl doctor");
	else if (shown == 0)
		ctl_say(c, "no such deliveries\n");
	return rc;
}

static int
number(const struct ctl *c, const char *name, uint64_t *v)
{
	const char *text = ctl_option(c, name);

	return text == NULL || text_u64(text, INT64_MAX, v);
}

static int
moment(const struct ctl *c, const char *name, int64_t *us)
{
	const char *text = ctl_option(c, name);

	return text == NULL || clock_parse(text, us);
}

/* Among the words, the one that is no option's value. */
static const char *
id_of(const struct ctl *c)
{
	return c->argc > 1 && strncmp(c->argv[1], "--", 2) != 0 ?
	    c->argv[1] : NULL;
}

int
ctl_deliveries(struct ctl *c)
{
	const char *id = id_of(c), *to = ctl_option(c, "--to");
	struct delivery_search f = { .limit = SHOWN,
	    .request_id = ctl_option(c, "--request"),
	    .provider_id = ctl_option(c, "--provider-id"),
	    .type = ctl_option(c, "--type"),
	    .channel = ctl_option(c, "--channel"),
	    .state = ctl_option(c, "--state"),
	    .reason = ctl_option(c, "--reason"),
	    .title = ctl_option(c, "--title"),
	    .text = ctl_option(c, "--body") };
	uint64_t limit = SHOWN, seq;
	char e164[PHONE_MAX];
	struct delivery_at at;
	uint8_t hash[16];

	if (id != NULL) {
		size_t n = strcspn(id, "-");

		if (id[n] != '-' || !text_u64(arena_strndup(c->arena, id, n),
		    INT64_MAX, &at.id) || !text_u64(id + n + 1, UINT32_MAX,
		    &seq))
			return ctl_usage(c);
		at.seq = (uint32_t)seq;
		return story(c, at);
	}
	if (!number(c, "--user", &f.user_id) ||
	    !number(c, "--notification", &f.notification_id) ||
	    !number(c, "--limit", &limit) ||
	    !moment(c, "--since", &f.since_us) ||
	    !moment(c, "--until", &f.until_us))
		return ctl_usage(c);
	if (to != NULL) {
		if (strpbrk(to, "@:[") == NULL && phone_normalise(to,
		    conf_str(CONF_REGION), e164))
			to = e164;
		delivery_hash(hash, to);
		f.to = hash;
	}
	return list(c, &f, limit);
}
