/*
 * admin_webhooks.c - /api/admin/webhooks/: who is told of what becomes of
 * deliveries.
 *
 * The key is shown once; a redirect is never followed, inner addresses are
 * refused when it is stored and again when it is called (H4).
 */
#include "api/admin_log.h"

#include "api/idem.h"
#include "auth/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "net/net.h"
#include "queue/bell.h"
#include "queue/secret.h"
#include "store/webhook.h"

#define KEY_BYTES	32
#define EVENT_PREFIX	"delivery."
#define STATES_MAX	8

struct webhook_in {
	const char	*url, *description;
	struct texts	 events;
	struct opt_bool	 active;
};
#define WEBHOOK_ROWS(needed)						\
	FIELD_TEXT(struct webhook_in, url, "url", 1, WEBHOOK_URL_MAX,	\
	    (needed) | F_TRIM | F_LINE),				\
	FIELD_TEXT(struct webhook_in, description, "description", 0, 200, \
	    F_TRIM | F_LINE),						\
	FIELD_OF(FT_TEXTS, struct webhook_in, events, "events", 0,	\
	    STATES_MAX, 0),						\
	FIELD_OF(FT_BOOL, struct webhook_in, active, "is_active", 0, 0, 0)
static const struct field make_rows[] = { WEBHOOK_ROWS(F_REQUIRED) };
static const struct field patch_rows[] = { WEBHOOK_ROWS(0) };
const struct fieldset admin_webhook_fields =
    FIELDSET(struct webhook_in, make_rows, IN_BODY);
const struct fieldset admin_webhook_patch_fields =
    FIELDSET(struct webhook_in, patch_rows, IN_BODY);

struct replay_in { int64_t since_us, until_us; };
static const struct field replay_rows[] = {
	FIELD_OF(FT_TIME, struct replay_in, since_us, "since", 0, 0,
	    F_REQUIRED),
	FIELD_OF(FT_TIME, struct replay_in, until_us, "until", 0, 0, 0),
};
const struct fieldset admin_webhook_replay_fields =
    FIELDSET(struct replay_in, replay_rows, IN_BODY);

/* --- what is answered ------------------------------------------------------------ */

static void
write_webhook(struct call *c, struct jw *w, const struct webhook *h)
{
	const char *p = h->events;

	jw_id(w, "id", h->id);
	jw_str(w, "url", h->url);
	jw_str(w, "description", h->description);
	jw_array(w, "events");
	while (*p != '\0') {
		size_t n = strcspn(p, ",");

		jw_str(w, NULL, arena_printf(c->arena, EVENT_PREFIX "%.*s",
		    (int)n, p));
		p += n + (p[n] == ',');
	}
	jw_end(w);
	jw_bool(w, "is_active", h->active);
	jw_str(w, "disabled_reason", h->active ? NULL : h->why);
	jw_time(w, "disabled_at", h->off_us);
	jw_time(w, "failing_since", h->failing_us);
	jw_time(w, "last_success_at", h->ok_us);
	jw_bool(w, "replaying", h->replay_end != 0);
	jw_time(w, "created_at", h->created_us);
	jw_time(w, "updated_at", h->updated_us);
	jw_str(w, "deliveries_url", arena_printf(c->arena,
	    "%s/api/admin/deliveries/?to=webhook:%" PRIu64,
	    conf_str(CONF_PUBLIC_URL), h->id));
}

/* `secret` NULL: not shown. */
static int
answer(struct call *c, uint64_t id, int status, const char *secret,
    struct err *e)
{
	struct webhook h;
	struct jw *w;
	int rc = webhook_find(c->db, c->arena, id, &h, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such webhook");
	w = resp_json(c->resp, status);
	write_webhook(c, w, &h);
	if (secret != NULL)
		jw_str(w, "secret", secret);
	resp_json_end(c->resp);
	resp_no_store(c->resp);
	return 0;
}

int
admin_webhook_get(struct call *c, const void *in, struct err *e)
{
	uint64_t id;

	(void)in;
	return id_of_path(c, 0, &id, e) < 0 ? -1 : answer(c, id, 200, NULL,
	    e);
}

struct listing { struct call *c; struct jw *w; struct webhook h; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_webhook(l->c, l->w, &l->h);
	jw_end(l->w);
	return 0;
}

int
admin_webhooks_get(struct call *c, const void *in, struct err *e)
{
	struct listing l = { .c = c };

	(void)in;
	l.w = resp_json(c->resp, 200);
	jw_array(l.w, "results");
	if (webhook_each(c->db, c->arena, &l.h, write_row, &l, e) < 0)
		return -1;
	jw_end(l.w);
	resp_json_end(c->resp);
	return 0;
}

/* --- what is taken ------------------------------------------------------------------ */

struct taken {
	struct call	*c;
	struct webhook_change x;
	const char	*event, *shown;		/* the key, as people copy it */
	int		 rc;
	uint64_t	 from, end;
};

/* A fresh key: sealed for the row, and as it is shown. */
static int
new_key(struct taken *t, struct err *e)
{
	uint8_t raw[KEY_BYTES], *out = arena_alloc(t->c->arena,
	    WEBHOOK_SECRET_MAX);
	char b64[B64_SIZE(KEY_BYTES)], url[B64URL_SIZE(KEY_BYTES)];
	int rc;

	rand_fill(raw, sizeof(raw));
	(void)b64_encode(b64, sizeof(b64), raw, sizeof(raw));
	(void)b64url_encode(url, sizeof(url), raw, sizeof(raw));
	t->shown = arena_printf(t->c->arena, "whsec_%s", b64);
	t->x.secret = out;
	rc = job_secret_seal(out, WEBHOOK_SECRET_MAX, &t->x.secret_len,
	    t->x.id, arena_printf(t->c->arena, "{\"key\":\"%s\"}", url), e);
	secret_wipe(raw, sizeof(raw));
	secret_wipe(b64, sizeof(b64));
	secret_wipe(url, sizeof(url));
	return rc;
}

static int
read_url(struct taken *t, const char *url, struct err *e)
{
	char host[256];
	int port;

	if (egress_check_site(url, e) < 0 || egress_host(url, host,
	    sizeof(host), &port) < 0 || strlen(host) > 230)
		return field_refuse(t->c, "url", "endpoint_refused", e,
		    "Give an https address that the world can reach.");
	t->x.url = url;
	t->x.origin = port == 443 ? arena_printf(t->c->arena, "https://%s",
	    host) : arena_printf(t->c->arena, "https://%s:%d", host, port);
	return 0;
}

static bool
is_state(const char *s)
{
	const char *p = WEBHOOK_STATES;

	for (size_t n = strlen(s); *p != '\0'; p += *p == '|') {
		size_t m = strcspn(p, "|");

		if (n == m && strncmp(p, s, n) == 0)
			return true;
		p += m;
	}
	return false;
}

static int
read_in(struct taken *t, const struct webhook_in *in, struct err *e)
{
	const char *events = "";

	t->x.active = in->active.set ? in->active.v : -1;
	t->x.description = in->description;
	if (in->url != NULL && read_url(t, in->url, e) < 0)
		return -1;
	for (size_t i = 0; i < in->events.n; i++) {
		const char *s = in->events.p[i];

		if (!text_starts(s, EVENT_PREFIX) ||
		    !is_state(s + strlen(EVENT_PREFIX)))
			return field_refuse(t->c, "events", "invalid", e,
			    "Item %zu is no event.", i);
		events = arena_printf(t->c->arena, "%s%s%s", events,
		    i > 0 ? "," : "", s + strlen(EVENT_PREFIX));
	}
	if (in->events.set)
		t->x.events = events;
	return 0;
}

static int
audit(struct db *db, struct taken *t, struct err *e)
{
	const struct caller *who = &t->c->who;
	const struct audit_event ev = { .event = t->event, .outcome = "ok",
	    .actor_id = who->user_id, .session_id = who->session_id,
	    .detail = arena_printf(t->c->arena, "{\"webhook\":\"%" PRIu64
	    "\"}", t->x.id) };

	return audit_add(db, t->c->req, &ev, e);
}

/* --- what is done ---------------------------------------------------------------------- */

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct taken *t = arg;
	struct call *c = t->c;
	const struct webhook h = { .id = t->x.id, .url = t->x.url,
	    .origin = t->x.origin, .secret = t->x.secret,
	    .secret_len = t->x.secret_len, .active = t->x.active != 0,
	    .description = t->x.description == NULL ? "" :
	    t->x.description,
	    .events = t->x.events == NULL ? "" : t->x.events };
	int rc;

	if (idem_take(c, db, t->x.id, e) < 0)
		return -1;
	if ((rc = webhook_insert(db, &h, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "too_many_webhooks",
		    "there are %d", WEBHOOKS_MAX);
	return audit(db, t, e);
}

int
admin_webhooks_post(struct call *c, const void *in, struct err *e)
{
	struct taken t = { .c = c, .event = "webhook_add",
	    .x.id = rand_id() };

	if (read_in(&t, in, e) < 0 || new_key(&t, e) < 0 ||
	    db_tx(c->db, make_work, &t, e) < 0)
		return -1;
	return answer(c, t.x.id, 201, t.shown, e);
}

/* The key is not told again. */
int
admin_webhooks_replay(struct call *c, uint64_t id, struct err *e)
{
	return answer(c, id, 201, NULL, e);
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct taken *t = arg;

	if ((t->rc = webhook_change(db, &t->x, e)) <= 0)
		return t->rc < 0 ? -1 : 1;
	if (t->x.active == 0 && webhook_cancel(db, t->x.id, "webhook_gone",
	    e) < 0)
		return -1;
	return audit(db, t, e);
}

static int
changed(struct taken *t, struct err *e)
{
	if (db_tx(t->c->db, change_work, t, e) < 0)
		return -1;
	return answer(t->c, t->x.id, 200, t->shown, e);
}

int
admin_webhook_patch(struct call *c, const void *in, struct err *e)
{
	struct taken t = { .c = c, .event = "webhook_change" };

	if (id_of_path(c, 0, &t.x.id, e) < 0 || read_in(&t, in, e) < 0)
		return -1;
	return changed(&t, e);
}

int
admin_webhook_rotate(struct call *c, const void *in, struct err *e)
{
	struct taken t = { .c = c, .event = "webhook_key", .x.active = -1 };

	(void)in;
	if (id_of_path(c, 0, &t.x.id, e) < 0 || new_key(&t, e) < 0)
		return -1;
	return changed(&t, e);
}

static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct taken *t = arg;

	if ((t->rc = webhook_remove(db, t->x.id, e)) <= 0)
		return t->rc < 0 ? -1 : 1;
	if (webhook_cancel(db, t->x.id, "webhook_gone", e) < 0)
		return -1;
	return audit(db, t, e);
}

static int
not_there(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "not_found", "no such webhook");
}

int
admin_webhook_delete(struct call *c, const void *in, struct err *e)
{
	struct taken t = { .c = c, .event = "webhook_remove" };

	(void)in;
	if (id_of_path(c, 0, &t.x.id, e) < 0 ||
	    db_tx(c->db, remove_work, &t, e) < 0)
		return -1;
	if (t.rc == 0)
		return not_there(e);
	resp_empty(c->resp, 204);
	return 0;
}

static int
off(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "webhook_off", "it is switched off");
}

static int
ping_work(struct db *db, void *arg, struct err *e)
{
	struct taken *t = arg;

	if (idem_take(t->c, db, t->x.id, e) < 0)
		return -1;
	return webhook_ping(db, t->x.id, e);
}

int
admin_webhook_test(struct call *c, const void *in, struct err *e)
{
	struct taken t = { .c = c };
	struct webhook h;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &t.x.id, e) < 0 ||
	    (rc = webhook_find(c->db, c->arena, t.x.id, &h, e)) < 0)
		return -1;
	if (rc == 0)
		return not_there(e);
	if (!h.active)
		return off(e);
	if (db_tx(c->db, ping_work, &t, e) < 0)
		return -1;
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return answer(c, t.x.id, 202, NULL, e);
}

int
admin_webhook_shown(struct call *c, uint64_t id, struct err *e)
{
	return answer(c, id, 202, NULL, e);
}

static int
replay_work(struct db *db, void *arg, struct err *e)
{
	struct taken *t = arg;

	if (idem_take(t->c, db, t->x.id, e) < 0)
		return -1;
	if ((t->rc = webhook_replay(db, t->x.id, t->from, t->end, e)) <= 0)
		return t->rc < 0 ? -1 : 1;
	return audit(db, t, e);
}

int
admin_webhook_replay(struct call *c, const void *in_, struct err *e)
{
	const struct replay_in *in = in_;
	struct taken t = { .c = c, .event = "webhook_replay",
	    .from = delivery_id_of(in->since_us) };
	struct webhook h;
	int rc;

	t.end = delivery_id_of(in->until_us != 0 ? in->until_us :
	    clock_now());
	if (id_of_path(c, 0, &t.x.id, e) < 0)
		return -1;
	if (t.end <= t.from)
		return field_refuse(c, "since", "invalid", e,
		    "Give a time that is past.");
	if ((rc = webhook_find(c->db, c->arena, t.x.id, &h, e)) < 0)
		return -1;
	if (rc == 0)
		return not_there(e);
	if (db_tx(c->db, replay_work, &t, e) < 0)
		return -1;
	if (t.rc == 0)
		return off(e);
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return answer(c, t.x.id, 202, NULL, e);
}
