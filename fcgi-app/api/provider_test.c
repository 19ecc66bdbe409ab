/*
 * provider_test.c - a real message by one account, through the queue, with
 * what became of it.
 */
#include "api/provider_own.h"
#include "api/push_own.h"

#include "auth/throttle.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"

#define LIFE_S		300
#define AN_HOUR		60u		/* tests an hour and administrator */
#define HOUR_S		3600u
#define CHANGED_US	(2 * US_PER_S)

struct test_in { const char *to; struct opt_int user_id; };
static const struct field test_rows[] = {
	FIELD_TEXT(struct test_in, to, "to", 3, 254, F_TRIM | F_LINE),
	FIELD_OF(FT_INT, struct test_in, user_id, "user_id", 1, INT64_MAX, 0),
};
const struct fieldset admin_provider_test_fields =
    FIELDSET(struct test_in, test_rows, IN_BODY);

/* Channels whose messages go to an address; others go to somebody's
 * devices. */
static bool
by_address(const char *channel)
{
	return strcmp(channel, "email") == 0 || strcmp(channel, "sms") == 0 ||
	    strcmp(channel, "whatsapp") == 0;
}

static int
check_to(struct call *c, const struct provider *p, const struct test_in *in,
    const char **to, struct err *e)
{
	char number[PHONE_MAX];

	*to = in->to;
	if (!by_address(p->channel))
		return in->user_id.set ? 0 : field_refuse(c, "user_id",
		    "required", e, "This field is required.");
	if (in->to == NULL)
		return field_refuse(c, "to", "required", e,
		    "This field is required.");
	if (strcmp(p->channel, "email") == 0)
		return mail_parse(in->to, NULL, NULL) == 1 ? 0 :
		    field_refuse(c, "to", "invalid_email", e,
		    "Enter a valid email address.");
	if (phone_normalise(in->to, conf_str(CONF_REGION), number) == 0)
		return field_refuse(c, "to", "invalid_phone", e,
		    "Enter a valid phone number.");
	*to = arena_strdup(c->arena, number);
	return 0;
}

int
admin_provider_test(struct call *c, const void *in_, struct err *e)
{
	const struct test_in *in = in_;
	struct provider_seen s;
	struct buf audience;
	const char *to;
	struct jw w;
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .type = "test", .class = CLASS_TRANSACTIONAL, .title = "Test",
	    .request_id = c->req->request_id, .life_s = LIFE_S };
	struct trial t = { .event = "provider_test", .of = c->who.user_id };
	int rc;

	if (provider_of_path(c, &s, e) < 0)
		return -1;
	if (s.p == NULL)
		return err_set(e, ERR_CONFLICT, "provider_unknown",
		    "unknown kind");
	if (check_to(c, s.p, in, &to, e) < 0 ||
	    throttle_or_fail(c->db, "provider_test", &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0)
		return -1;
	buf_init(&audience, 1000);
	jw_init(&w, &audience);
	jw_object(&w, NULL);
	if (by_address(s.p->channel)) {
		jw_str(&w, "to", to);
	} else {
		jw_array(&w, "user_ids");
		jw_i64(&w, NULL, in->user_id.v);
		jw_end(&w);
	}
	jw_str(&w, "provider", s.row.name);
	jw_end(&w);
	/* Workers read the accounts anew once a second (worker/tick.c): one
	 * that was made or changed just now is not known to them yet. */
	if (s.row.updated_us + CHANGED_US > clock_now())
		m.run_us = s.row.updated_us + CHANGED_US;
	m.channel = s.p->channel;
	m.content = provider_trial(s.p, c->arena);
	m.audience = buf_text(&audience);
	t.what = arena_printf(c->arena, "\"provider\":\"%s\"", s.row.name);
	rc = trial_send(c, &m, &t, e);
	buf_fini(&audience);
	return rc;
}
