/*
 * push_send.c - POST /api/push/send/single/ and /group/.
 *
 * What must stay true: a notification is accepted by one commit and never
 * undone by what follows; after it every trouble of ours is a 202, for a
 * client that heard an error would send a second message.
 */
#include "api/push_own.h"

#include "api/idem.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "queue/bell.h"
#include "store/group.h"

#define LIST_MOST	1000		/* inline subscriptions (API.md) */
#define USERS_MOST	10000
#define USER_ID_MAX	(INT64_C(1) << 53)

struct single_in {
	const struct json *subscription;
	const char	*device_id;
	struct opt_int	 user_id;
	struct push_in	 p;
};
static const struct field single_rows[] = {
	FIELD_OF(FT_JSON, struct single_in, subscription, "subscription_info",
	    0, 0, F_JSON_TEXT),
	FIELD_TEXT(struct single_in, device_id, "device_id", 1, 20, F_LOOSE),
	FIELD_OF(FT_INT, struct single_in, user_id, "user_id", 1, USER_ID_MAX,
	    F_LOOSE),
	PUSH_ROWS(struct single_in),
};
const struct fieldset send_single_fields =
    FIELDSET(struct single_in, single_rows, IN_BODY);

struct group_in {
	const struct json *list;
	const char	*group;
	struct ints	 user_ids;
	struct push_in	 p;
};
static const struct field group_rows[] = {
	FIELD_OF(FT_JSON, struct group_in, list, "subscription_info_list", 1,
	    LIST_MOST, F_JSON_TEXT),
	FIELD_TEXT(struct group_in, group, "group", 1, GROUP_NAME_MAX,
	    F_LOOSE),
	FIELD_OF(FT_INTS, struct group_in, user_ids, "user_ids", 1,
	    USERS_MOST, F_JSON_TEXT | F_LOOSE),
	PUSH_ROWS(struct group_in),
};
const struct fieldset send_group_fields =
    FIELDSET(struct group_in, group_rows, IN_BODY);

/* --- to whom ------------------------------------------------------------ */

enum id_form { ID_TEXT, ID_NUMBER };

/* {"name": [ids]}; device ids are strings, user ids numbers. */
static const char *
audience_ids(struct arena *a, const char *name, const uint64_t *id, size_t n,
    enum id_form form)
{
	struct buf b;
	struct jw w;
	const char *text;

	buf_init(&b, n * 24 + 64);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_array(&w, name);
	for (size_t i = 0; i < n; i++) {
		if (form == ID_TEXT)
			jw_id(&w, NULL, id[i]);
		else
			jw_u64(&w, NULL, id[i]);
	}
	jw_end(&w);
	jw_end(&w);
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

static const char *
audience_subscriptions(struct call *c, const char *field,
    const struct json *j, struct err *e)
{
	uint64_t *id;
	int n = subscriptions_offer(c, field, j, &id, e);

	return n < 0 ? NULL : audience_ids(c->arena, "device_ids", id,
	    (size_t)n, ID_TEXT);
}

static const char *
audience_device(struct call *c, const char *text, struct err *e)
{
	struct device d;
	uint64_t id;
	int rc = 0;

	if (id_read(text, &id) &&
	    (rc = device_find(c->db, c->arena, id, &d, e)) < 0)
		return NULL;
	if (rc == 0 || !d.is_active || strcmp(d.kind, WEB_PUSH) != 0) {
		field_refuse(c, "device_id", "unknown_device", e,
		    "There is no such active device.");
		return NULL;
	}
	return audience_ids(c->arena, "device_ids", &id, 1,
	    ID_TEXT);
}

static const char *
audience_user(struct call *c, uint64_t id, struct err *e)
{
	int rc = device_user_has(c->db, id, WEB_PUSH, e);

	if (rc == 0)
		field_refuse(c, "user_id", "no_device", e,
		    "This user has no active device.");
	return rc <= 0 ? NULL : audience_ids(c->arena, "user_ids", &id, 1,
	    ID_NUMBER);
}

static const char *
audience_group(struct call *c, const char *name, struct err *e)
{
	struct group g;
	int rc = group_resolve(c->db, c->arena, name, &g, e);

	if (rc == 0)
		field_refuse(c, "group", "unknown_group", e,
		    "There is no such group.");
	return rc <= 0 ? NULL : arena_printf(c->arena, "{\"group_id\":\"%"
	    PRIu64 "\"}", g.id);
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Each once, whoever repeats one. */
static const char *
audience_users(struct call *c, const struct ints *in, struct err *e)
{
	uint64_t *id = arena_array(c->arena, in->n, sizeof(*id));
	size_t n = 0;

	for (size_t i = 0; i < in->n; i++) {
		if (in->p[i] < 1 || in->p[i] > USER_ID_MAX) {
			field_refuse(c, "user_ids", "invalid", e,
			    "Item %zu is no user id.", i);
			return NULL;
		}
		id[i] = (uint64_t)in->p[i];
	}
	qsort(id, in->n, sizeof(*id), by_number);
	for (size_t i = 0; i < in->n; i++)
		if (i == 0 || id[i] != id[n - 1])
			id[n++] = id[i];
	return audience_ids(c->arena, "user_ids", id, n, ID_NUMBER);
}

/* --- sending ------------------------------------------------------------ */

typedef int answer_rows(struct call *c, uint64_t id, struct err *e);

/* Whatever fails from here on, it is accepted. */
static void
answer_outcome(struct call *c, uint64_t id, answer_rows *answer)
{
	struct err e = ERR_INIT;

	if (answer(c, id, &e) < 0) {
		log_err(LOG_WARN_, "a push was accepted, its outcome unread",
		    &e);
		push_answer_accepted(c, id);
	}
}

static void
say_preference(struct call *c)
{
	int s = req_prefer_wait(c->req);

	if (s > 0)
		resp_headerf(c->resp, "Preference-Applied", "wait=%d", s);
	else if (s == 0)
		resp_header(c->resp, "Preference-Applied", "respond-async");
}

static int
send_push(struct call *c, const struct push_in *p, const char *audience,
    answer_rows *answer, struct err *e)
{
	struct enqueue m = {
		.id = rand_id(), .user_id = c->who.user_id,
		.token_id = c->who.token_id, .type = "push",
		.class = CLASS_TRANSACTIONAL, .channel = WEB_PUSH,
		.title = p->title, .audience = audience,
		.request_id = c->req->request_id,
	};
	struct push_wait wait;
	uint64_t id = 0;
	int rc;

	if ((m.content = push_content(c, p, &m.life_s, e)) == NULL)
		return -1;
	push_wait_begin(c, &wait, (int)conf_int(CONF_PUSH_WAIT_S));
	m.waiter = push_wait_name(&wait);
	rc = idem_enqueue(c, c->db, &m, &id, e);
	if (rc >= 0) {
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
		if (rc == 1 && wait.ms == 0 && answer == push_answer_single) {
			/* Nobody waits: there are no rows to read yet. */
			push_answer_accepted(c, id);
		} else {
			push_wait_for(c, &wait, id);
			answer_outcome(c, id, answer);
		}
		if (rc == 0)
			resp_header(c->resp, "Idempotency-Replayed", "true");
		say_preference(c);
	}
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : 0;
}

/* Exactly one way to say to whom. */
static int
one_target(struct call *c, int given, const char *field,
    const char *sentence, struct err *e)
{
	if (given == 1)
		return 0;
	faults_add(&c->bound.faults, field, sentence);
	return err_field(e, field, given == 0 ? "required" :
	    "too_many_targets", "%d ways", given);
}

int
send_single_post(struct call *c, const void *in_, struct err *e)
{
	const struct single_in *in = in_;
	const char *audience;

	if (one_target(c, (in->subscription != NULL) +
	    (in->device_id != NULL) + in->user_id.set, "subscription_info",
	    "Give one of subscription_info, device_id and user_id.", e) < 0)
		return -1;
	if (json_type(in->subscription) == JSON_ARRAY)
		return field_refuse(c, "subscription_info",
		    "invalid_subscription", e, "A subscription is an object.");
	audience = in->subscription != NULL ? audience_subscriptions(c,
	    "subscription_info", in->subscription, e) :
	    in->device_id != NULL ? audience_device(c, in->device_id, e) :
	    audience_user(c, (uint64_t)in->user_id.v, e);
	return audience == NULL ? -1 : send_push(c, &in->p, audience,
	    push_answer_single, e);
}

int
send_group_post(struct call *c, const void *in_, struct err *e)
{
	const struct group_in *in = in_;
	const char *audience;

	if (one_target(c, (in->list != NULL) + (in->group != NULL) +
	    in->user_ids.set, "subscription_info_list",
	    "Give one of subscription_info_list, group and user_ids.",
	    e) < 0)
		return -1;
	if (in->list != NULL && json_type(in->list) != JSON_ARRAY)
		return field_refuse(c, "subscription_info_list", "invalid", e,
		    "Expected a list of items.");
	audience = in->list != NULL ? audience_subscriptions(c,
	    "subscription_info_list", in->list, e) :
	    in->group != NULL ? audience_group(c, in->group, e) :
	    audience_users(c, &in->user_ids, e);
	return audience == NULL ? -1 : send_push(c, &in->p, audience,
	    push_answer_group, e);
}

int
send_replay(struct call *c, uint64_t id, struct err *e)
{
	return c->route->handler == send_group_post ?
	    push_answer_group(c, id, e) : push_answer_single(c, id, e);
}
