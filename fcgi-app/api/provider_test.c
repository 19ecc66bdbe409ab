/*
 * provider_test.c - a real message by one account, through the queue, with
 * what became of it.
 */
#include "api/idem.h"
#include "api/provider_own.h"
#include "api/push_own.h"

#include "auth/audit.h"
#include "auth/throttle.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"
#include "queue/bell.h"
#include "store/delivery.h"

#define LIFE_S		300
#define AN_HOUR		60u		/* tests an hour and administrator */
#define HOUR_S		3600u
#define SHOWN		50
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

struct showing { struct call *c; struct jw *w; uint64_t id;
	struct delivery d; };

static int
show_row(void *arg, struct err *e)
{
	struct showing *s = arg;

	(void)e;
	push_delivery(s->c, s->w, s->id, &s->d);
	return 0;
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	struct showing s = { .c = c, .id = id };
	int pending = delivery_pending(c->db, id, e);

	if (pending < 0)
		return -1;
	s.w = resp_json(c->resp, pending > 0 ? 202 : 200);
	jw_id(s.w, "id", id);
	jw_bool(s.w, "done", pending == 0);
	jw_array(s.w, "deliveries");
	if (delivery_each(c->db, c->arena, id, 0, SHOWN, &s.d, show_row, &s,
	    e) < 0)
		return -1;
	jw_end(s.w);
	resp_json_end(c->resp);
	return 0;
}

int
admin_provider_test_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, e);
}

struct testing { struct call *c; struct enqueue *m; const char *name;
	uint64_t id; int rc; };

static int
test_work(struct db *db, void *arg, struct err *e)
{
	struct testing *t = arg;
	const struct caller *who = &t->c->who;

	if ((t->rc = idem_enqueue(t->c, db, t->m, &t->id, e)) <= 0)
		return t->rc;
	return audit_add(db, t->c->req, &(struct audit_event){
	    .event = "provider_test", .outcome = "ok",
	    .user_id = who->user_id, .actor_id = who->user_id,
	    .session_id = who->session_id,
	    .detail = arena_printf(t->c->arena, "{\"provider\":\"%s\","
	    "\"notification\":\"%" PRIu64 "\"}", t->name, t->id) }, e);
}

int
admin_provider_test(struct call *c, const void *in_, struct err *e)
{
	const struct test_in *in = in_;
	struct provider_seen s;
	struct push_wait wait;
	struct buf audience;
	const char *to;
	struct jw w;
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .type = "test", .class = CLASS_TRANSACTIONAL, .title = "Test",
	    .request_id = c->req->request_id, .life_s = LIFE_S };
	struct testing t = { .c = c, .m = &m };
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
	push_wait_begin(c, &wait, (int)conf_int(CONF_PUSH_WAIT_S));
	m.channel = s.p->channel;
	m.content = provider_trial(s.p, c->arena);
	m.audience = buf_text(&audience);
	m.waiter = push_wait_name(&wait);
	t.name = s.row.name;
	rc = db_tx(c->db, test_work, &t, e);
	buf_fini(&audience);
	if (rc >= 0) {
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
		push_wait_for(c, &wait, t.id);
	}
	if (rc >= 0 && t.rc == 0)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : show(c, t.id, e);
}
