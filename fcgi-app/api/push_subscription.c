/*
 * push_subscription.c - browsers' subscriptions as they come: checked once,
 * here, and trusted from then on (H4).
 */
#include "api/push_own.h"

#include "base/rand.h"
#include "base/text.h"
#include "channel/providers/webpush_crypt.h"
#include "net/net.h"

#define ENDPOINT_MAX	2048		/* device.target */

/* "Item 3: " before the sentence when it stood in a list. */
static int
refuse(struct call *c, const struct sub_place *at, const char *code,
    const char *sentence, struct err *e)
{
	if (at->item < 0)
		faults_add(&c->bound.faults, at->field, sentence);
	else
		faults_add_item(&c->bound.faults, c->arena, at->field,
		    at->item, sentence);
	return err_field(e, at->field, code, "item %d: %s", at->item,
	    sentence);
}

int
subscription_check(struct call *c, const struct sub_place *at,
    const char *endpoint, const char *p256dh, const char *auth,
    struct subscription *s, struct err *e)
{
	struct err why = ERR_INIT;
	struct webpush_to to;

	if (endpoint == NULL || p256dh == NULL || auth == NULL)
		return refuse(c, at, "invalid_subscription", "A subscription "
		    "has endpoint and keys with p256dh and auth.", e);
	if (strlen(endpoint) > ENDPOINT_MAX ||
	    egress_check_url(endpoint, &why) < 0)
		return refuse(c, at, "endpoint_refused", "The endpoint is not "
		    "one of an allowed push service.", e);
	if (webpush_to_parse(&to, p256dh, auth, &why) < 0)
		return refuse(c, at, "invalid_key", strcmp(why.field,
		    "auth") == 0 ? "keys.auth is not 16 bytes in base64url." :
		    "keys.p256dh is not a P-256 point in base64url.", e);
	s->endpoint = endpoint;
	sha256(s->hash, endpoint, strlen(endpoint));
	memcpy(s->p256dh, to.p256dh, sizeof(s->p256dh));
	memcpy(s->auth, to.auth, sizeof(s->auth));
	return 0;
}

int
subscription_read(struct call *c, const struct sub_place *at,
    const struct json *j, struct subscription *s, struct err *e)
{
	const struct json *keys;

	if (json_type(j) != JSON_OBJECT)
		return refuse(c, at, "invalid_subscription",
		    "A subscription is an object.", e);
	keys = json_get(j, "keys");
	return subscription_check(c, at, json_str(json_get(j, "endpoint")),
	    json_str(json_get(keys, "p256dh")),
	    json_str(json_get(keys, "auth")), s, e);
}

void
subscription_row(const struct subscription *s, const uint8_t *tag,
    struct device_new *n)
{
	*n = (struct device_new){
		.id = rand_id(), .kind = WEB_PUSH, .target_hash = s->hash,
		.target = s->endpoint, .p256dh = s->p256dh, .auth = s->auth,
		.vapid = tag, .browser = "", .user_agent = "",
	};
}

static int
by_hash(const void *a, const void *b)
{
	const struct subscription *x = a, *y = b;

	return memcmp(x->hash, y->hash, sizeof(x->hash));
}

/* The same endpoint twice is one device. */
static size_t
drop_doubles(struct subscription *s, size_t n)
{
	size_t kept = 0;

	qsort(s, n, sizeof(*s), by_hash);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || by_hash(&s[i], &s[kept - 1]) != 0)
			s[kept++] = s[i];
	return kept;
}

int
subscriptions_offer(struct call *c, const char *field, const struct json *j,
    uint64_t **id, struct err *e)
{
	bool list = json_type(j) == JSON_ARRAY;
	size_t n = list ? json_len(j) : 1;
	struct subscription *s = arena_array(c->arena, n, sizeof(*s));
	struct device_new *row = arena_array(c->arena, n, sizeof(*row));
	uint64_t base;
	uint8_t tag[8];

	for (size_t i = 0; i < n; i++) {
		const struct sub_place at = { field, list ? (int)i : -1 };

		if (subscription_read(c, &at, list ? json_at(j, i) : j, &s[i],
		    e) < 0)
			return -1;
	}
	if (push_key_tag(tag, e) < 0)
		return -1;
	n = drop_doubles(s, n);
	/* In a row from one: a thousand made apart in one millisecond would
	 * meet each other in one batch of eight. */
	base = rand_id();
	for (size_t i = 0; i < n; i++) {
		subscription_row(&s[i], tag, &row[i]);
		row[i].id = base + i;
	}
	if (device_offer(c->db, row, n, e) < 0)
		return -1;
	*id = arena_array(c->arena, n, sizeof(**id));
	for (size_t i = 0; i < n; i++)
		(*id)[i] = row[i].id;
	return (int)n;
}
