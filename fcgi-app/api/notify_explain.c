/*
 * notify_explain.c - POST /api/notifications/explain/: for each recipient and
 * channel, would it go, by which provider, or why not.  The decision is that
 * of planning (deliver/people.h); nothing is written.
 */
#include "api/notify_own.h"

#include "auth/token.h"
#include "base/clock.h"
#include "channel/providers/webpush.h"
#include "deliver/hold.h"
#include "deliver/routes.h"

#define SHOWN		1000		/* recipients an answer */

static int
ids_of(struct call *c, const struct audience *au, uint64_t *id,
    struct err *e)
{
	struct recipient_walk w = { .group_id = au->group_id,
	    .topic = au->topic };
	size_t n = au->n < SHOWN ? au->n : SHOWN;

	switch (au->kind) {
	case TO_USERS:
		memcpy(id, au->id, n * sizeof(*id));
		return (int)n;
	case TO_ADDRESS:
		id[0] = au->user_id;
		return 1;
	case TO_GROUP:
		w.set = SET_GROUP;
		break;
	case TO_TOPIC:
		w.set = SET_TOPIC;
		break;
	default:
		w.set = SET_ALL;
		break;
	}
	return recipient_ids(c->db, &w, 0, id, SHOWN, e);
}

/* Who would take it, by channel; no name: nobody. */
struct serving { const char *name[CHANNELS], *health[CHANNELS]; };

/* The worker's view: there web push is set up when it starts. */
static int
who_serves(struct call *c, struct serving *s, struct err *e)
{
	struct routes *r = arena_alloc(c->arena, sizeof(*r));
	struct err none = ERR_INIT;

	if (webpush_public_key() == NULL)
		(void)!webpush_setup(token_keys(), &none);
	memset(s, 0, sizeof(*s));
	if (routes_read(c->db, c->arena, r, e) < 0)
		return -1;
	for (unsigned i = 0; i < CHANNELS; i++)
		s->name[i] = routes_next(r, channels_name(
		    (enum channel_id)i), &s->health[i]);
	s->name[CHANNEL_IN_APP] = "in_app";
	return 0;
}

static void
write_way(struct jw *w, const struct someone *s, const struct way *y,
    const struct serving *by)
{
	bool goes = y->way->what == REACH_GO;
	unsigned n = 0;

	for (size_t i = 0; i < s->devices; i++)
		n += channels_find(s->device[i].kind) == y->channel;
	jw_object(w, NULL);
	jw_str(w, "channel", channels_name(y->channel));
	jw_str(w, "outcome", !goes ? "skip" : y->held != NULL ? "held" :
	    "send");
	jw_str(w, "reason", goes ? y->held : y->way->reason);
	jw_str(w, "suppressed_by", y->way->barred);
	jw_str(w, "provider", goes ? by->name[y->channel] : NULL);
	jw_str(w, "provider_health", goes ? by->health[y->channel] : NULL);
	if (goes && people_by_device(y->channel))
		jw_u64(w, "devices", n);
	if (y->not_before_us != 0)
		jw_time(w, "not_before", y->not_before_us);
	jw_bool(w, "recorded", y->way->kept);
	jw_end(w);
}

static void
write_one(struct jw *w, const struct someone *s, const struct serving *by)
{
	struct way y[WAYS_MAX];
	size_t n = people_ways(s, y);

	jw_object(w, NULL);
	jw_user_or_null(w, "user_id", s->user_id);
	jw_str(w, "reason", s->reach.nobody);
	jw_array(w, "channels");
	for (size_t i = 0; i < n; i++)
		write_way(w, s, &y[i], by);
	jw_end(w);
	jw_end(w);
}

int
explain_post(struct call *c, const void *in, struct err *e)
{
	uint64_t *id = arena_array(c->arena, SHOWN, sizeof(*id));
	struct serving by;
	struct message_for m;
	struct someone *s;
	struct notify n;
	struct jw *w;
	int count;

	if (notify_read(c, in, &n, e) < 0 ||
	    (count = ids_of(c, &n.au, id, e)) < 0)
		return -1;
	m = (struct message_for){ .au = &n.au, .type = n.type,
	    .critical = n.class == CLASS_CODE, .class = n.class, .merges = true,
	    .now_us = n.run_us != 0 ? n.run_us : clock_now() };
	s = arena_array(c->arena, (size_t)count + 1, sizeof(*s));
	for (int i = 0; i < count; i++)
		s[i] = (struct someone){ .m = &m, .user_id = id[i] };
	if (who_serves(c, &by, e) < 0 || people_decide(c->db, c->arena, s,
	    (size_t)count, by.name, e) < 0 || hold_decide(c->db, c->arena, s,
	    (size_t)count, false, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_u64(w, "accepted", n.au.accepted);
	jw_u64(w, "skipped", n.au.unknown + n.au.duplicate);
	jw_bool(w, "truncated", n.au.n > SHOWN || count == SHOWN);
	jw_array(w, "results");
	for (int i = 0; i < count; i++)
		write_one(w, &s[i], &by);
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}
