/*
 * bulk.c - POST /api/communications/bulk/ [C]: one message to many addresses,
 * as a campaign that begins at once.
 */
#include "api/campaign_own.h"

#include "api/idem.h"
#include "auth/sms_guard.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"
#include "queue/bell.h"
#include "queue/campaign_audience.h"

#define LIFE_S		(24 * 60 * 60)
#define LIST_MAX	((size_t)4 * 1024 * 1024)
#define NAME_CHARS	60

struct bulk_in { const char *type, *content, *subject; struct texts to; };
static const struct field bulk_rows[] = {
	FIELD_ENUM(struct bulk_in, type, "type", "email|sms|whatsapp",
	    F_REQUIRED),
	FIELD_OF(FT_TEXTS, struct bulk_in, to, "recipients", 1,
	    AUDIENCE_ADDRESSES_MAX, F_REQUIRED),
	FIELD_TEXT(struct bulk_in, content, "content", 1, 20000, F_REQUIRED),
	FIELD_TEXT(struct bulk_in, subject, "subject", 1, 255, F_LINE),
};
const struct fieldset bulk_fields =
    FIELDSET(struct bulk_in, bulk_rows, IN_BODY);

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As they are compared, so that one who stands there twice gets it once. */
static const char *
address_of(struct call *c, const char *type, const char *s, struct err *e)
{
	char mail[MAIL_MAX + 1], phone[PHONE_MAX];

	if (strcmp(type, "email") == 0)
		return mail_parse(s, mail, NULL) ? arena_strdup(c->arena,
		    mail) : NULL;
	if (!phone_normalise(s, conf_str(CONF_REGION), phone) ||
	    (strcmp(type, "sms") == 0 &&
	    sms_guard_number(phone, "recipients", e) < 0))
		return NULL;
	return arena_strdup(c->arena, phone);
}

/* {"addresses": […]}, each once; *n of them.  NULL with *e set: each bad one
 * is told by its place. */
static const char *
audience_of(struct call *c, const struct bulk_in *in, size_t *n,
    struct err *e)
{
	const char **to = arena_array(c->arena, in->to.n + 1, sizeof(*to));
	const char *text;
	size_t bad = 0;
	struct buf b;
	struct jw w;

	*n = 0;
	for (size_t i = 0; i < in->to.n; i++) {
		struct err why = ERR_INIT;

		if ((to[*n] = address_of(c, in->type, in->to.p[i],
		    &why)) != NULL)
			++*n;
		else if (bad++ < FAULTS_MAX)
			faults_add_item(&c->bound.faults, c->arena,
			    "recipients", (int)i, why.kind == ERR_INPUT ?
			    "No SMS is sent to this number." :
			    strcmp(in->type, "email") == 0 ?
			    "Enter a valid email address." :
			    "Enter a valid phone number.");
	}
	if (bad > 0) {
		err_field(e, "recipients", "invalid_recipient", "%zu bad",
		    bad);
		return NULL;
	}
	qsort(to, *n, sizeof(*to), by_text);
	buf_init(&b, LIST_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_array(&w, "addresses");
	for (size_t i = 0, kept = 0; i < in->to.n; i++)
		if (i == 0 || strcmp(to[i], to[kept]) != 0) {
			jw_str(&w, NULL, to[i]);
			kept = i;
		} else {
			--*n;
		}
	jw_end(&w);
	jw_end(&w);
	text = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	return text;
}

static const char *
content_of(struct call *c, const struct bulk_in *in, const char *title)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, (size_t)256 * 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", title);
	jw_str(&w, "body", in->content);
	jw_end(&w);
	text = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	return text;
}

static int
answer(struct call *c, uint64_t id, uint64_t n)
{
	struct jw *w = resp_json(c->resp, 202);

	jw_str(w, "message", resp_say(c->resp, "The messages are queued."));
	jw_id(w, "task_id", id);
	jw_u64(w, "recipient_count", n);
	jw_id(w, "id", id);
	resp_json_end(c->resp);
	return 0;
}

static int
bulk_work(struct db *db, void *arg, struct err *e)
{
	struct campaign *row = ((struct campaign **)arg)[0];
	struct call *c = ((void **)arg)[1];

	if (campaign_insert(db, row, LIFE_S, e) < 0)
		return e->kind == ERR_DB_DUP ? 1 : -1;
	if (idem_take(c, db, row->id, e) < 0 ||
	    campaign_start(db, row->id, true, e) < 0)
		return -1;
	return campaign_audit(db, c, "campaign_bulk", row->id, e);
}

int
bulk_post(struct call *c, const void *in_, struct err *e)
{
	const struct bulk_in *in = in_;
	struct campaign row = { .id = rand_id(), .type = "bulk",
	    .channels = in->type, .user_id = c->who.user_id,
	    .token_id = c->who.token_id, .request_id = c->req->request_id };
	void *arg[2] = { &row, c };
	size_t n;

	row.title = in->subject != NULL ? in->subject :
	    conf_str(CONF_SITE_NAME);
	row.name = text_cut(c->arena, row.title, NAME_CHARS);
	row.content = content_of(c, in, row.title);
	if ((row.audience = audience_of(c, in, &n, e)) == NULL ||
	    db_tx(c->db, bulk_work, arg, e) < 0)
		return -1;
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return answer(c, row.id, n);
}

int
bulk_replay(struct call *c, uint64_t id, struct err *e)
{
	struct json *j = NULL;
	struct campaign row;
	int rc = campaign_find(c->db, c->arena, id, &row, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "campaign %" PRIu64, id);
	if (json_parse(row.audience, strlen(row.audience), JSON_PLAIN, 0, &j,
	    e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row", "campaign %"
		    PRIu64 ": its audience", id);
	rc = answer(c, id, json_len(json_get(j, "addresses")));
	json_free(j);
	return rc;
}
