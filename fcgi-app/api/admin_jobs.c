/*
 * admin_jobs.c - /api/admin/jobs/: the queue, its dead letters, and making
 * them ready again.
 *
 * Redriving needs no Idempotency-Key: what is ready is no dead letter any
 * more, so a second call finds nothing to do.
 */
#include "api/admin_log.h"
#include "api/cursor.h"

#include "api/answer.h"
#include "auth/audit.h"
#include "base/conf.h"
#include "base/reason.h"
#include "base/text.h"
#include "queue/bell.h"
#include "store/job_admin.h"

static const struct { const char *word; int state; } states[] = {
	{ "ready", JOB_READY }, { "leased", JOB_LEASED },
	{ "leaving", JOB_LEAVING }, { "paused", JOB_PAUSED },
	{ "gathered", JOB_GATHERED },
	{ "dead", JOB_DEAD },
};
static const char *const classes[JOB_CLASSES] = { "critical",
	"transactional", "campaign", "transactional_bulk", "campaign_bulk" };

struct jobs_in {
	struct cursor_in page;
	const char	*state, *class, *provider, *notification_id, *q;
};
static const struct field jobs_rows[] = {
	CURSOR_FIELDS(struct jobs_in, page),
	FIELD_TEXT(struct jobs_in, q, "q", 1, 254, F_TRIM | F_LINE),
	FIELD_ENUM(struct jobs_in, class, "class", "critical|transactional|"
	    "campaign|transactional_bulk|campaign_bulk", 0),
	FIELD_ENUM(struct jobs_in, state, "state",
	    "ready|leased|leaving|paused|gathered|dead", 0),
	FIELD_TEXT(struct jobs_in, provider, "provider", 1, 24, F_LINE),
	FIELD_TEXT(struct jobs_in, notification_id, "notification_id", 1, 20,
	    0),
};
const struct fieldset admin_jobs_fields =
    FIELDSET(struct jobs_in, jobs_rows, IN_QUERY);

struct redrive_in {
	struct texts	 ids;
	const char	*provider;
	struct opt_bool	 all;
};
static const struct field redrive_rows[] = {
	FIELD_OF(FT_TEXTS, struct redrive_in, ids, "ids", 1, CURSOR_MOST * 5, 0),
	FIELD_TEXT(struct redrive_in, provider, "provider", 1, 24, F_LINE),
	FIELD_OF(FT_BOOL, struct redrive_in, all, "all", 0, 0, 0),
};
const struct fieldset admin_redrive_fields =
    FIELDSET(struct redrive_in, redrive_rows, IN_BODY);

static const char *
state_word(uint64_t state)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if ((uint64_t)states[i].state == state)
			return states[i].word;
	return "";
}

const char *
job_class_word(uint64_t class)
{
	return class < COUNT_OF(classes) ? classes[class] : "";
}

struct writing {
	struct call	*c;
	struct jw	*w;
	struct job_queued q;
	struct job_seen	 j;
};

static int
write_queue(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	jw_str(x->w, "provider", x->q.provider);
	jw_str(x->w, "class", job_class_word(x->q.class));
	jw_str(x->w, "state", state_word(x->q.state));
	jw_u64(x->w, "count", x->q.n);
	jw_time(x->w, "next_at", x->q.run_us);
	jw_time(x->w, "oldest_at", x->q.created_us);
	jw_end(x->w);
	return 0;
}

static void
write_members(struct writing *x)
{
	const struct job_seen *j = &x->j;

	jw_id(x->w, "id", j->id);
	jw_str(x->w, "kind", j->kind == JOB_PLAN ? "plan" : "send");
	jw_str(x->w, "class", job_class_word(j->class));
	jw_str(x->w, "state", state_word(j->state));
	jw_str(x->w, "provider", j->provider);
	jw_id(x->w, "notification_id", j->notification_id);
	jw_str(x->w, "delivery_id", j->kind == JOB_PLAN ? NULL :
	    arena_printf(x->c->arena, "%" PRIu64 "-%" PRIu64,
	    j->notification_id, j->seq));
	jw_u64(x->w, "tries", j->tries);
	jw_u64(x->w, "crashes", j->crashes);
	jw_str(x->w, "reason", j->why);
	jw_str(x->w, "reason_text", reason_say(resp_lang(x->c->resp),
	    j->why));
	jw_time(x->w, "run_at", j->run_us);
	jw_time(x->w, "lease_ends_at", j->lease_us);
	jw_time(x->w, "created_at", j->created_us);
	jw_time(x->w, "expires_at", j->expires_us);
}

static int
write_row(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	write_members(x);
	jw_end(x->w);
	return 0;
}

/* An id of a job, a notification or a delivery, somebody's address, or part
 * of a name. */
static int
read_words(struct call *c, const char *q, struct job_search *f, struct err *e)
{
	struct delivery_at at;

	f->q = q == NULL ? "" : q;
	if (q == NULL)
		return 0;
	if (delivery_id_read(q, &at)) {
		f->id = at.id;
		f->seq = at.seq;
		return 0;
	}
	if (!id_read(q, &f->id))
		f->id = 0;
	return user_typed(c, q, &f->user_id, e) < 0 ? -1 : 0;
}

int
admin_jobs_get(struct call *c, const void *in_, struct err *e)
{
	const struct jobs_in *in = in_;
	struct writing x = { .c = c };
	struct job_search f = { .state = -1, .class = -1,
	    .provider = in->provider };
	struct cursor k;
	int n;

	for (size_t i = 0; in->state != NULL && i < COUNT_OF(states); i++)
		if (strcmp(in->state, states[i].word) == 0)
			f.state = states[i].state;
	for (int i = 0; in->class != NULL && i < JOB_CLASSES; i++)
		if (strcmp(in->class, classes[i]) == 0)
			f.class = i;
	if (cursor_read(c, &in->page, &k, e) < 0 ||
	    read_words(c, in->q, &f, e) < 0)
		return -1;
	f.span = k.span;
	f.limit = k.limit;
	if (in->notification_id != NULL &&
	    !id_read(in->notification_id, &f.notification_id))
		return field_refuse(c, "notification_id", "invalid", e,
		    "Give the id of a row.");
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "queues");
	if (in->page.before == NULL && in->page.after == NULL &&
	    job_each_queue(c->db, c->arena, &x.q,
	    write_queue, &x, e) < 0)
		return -1;
	jw_end(x.w);
	jw_array(x.w, "results");
	if ((n = job_search(c->db, c->arena, &f, &x.j, write_row, &x,
	    e)) < 0)
		return -1;
	jw_end(x.w);
	cursor_next(c, x.w, &k, n == (int)k.limit ? x.j.id : f.edge,
	    arena_printf(c->arena, "%s%s%s%s%s",
	    query_part(c, "state", in->state),
	    query_part(c, "class", in->class),
	    query_part(c, "provider", in->provider),
	    query_part(c, "notification_id", in->notification_id),
	    query_part(c, "q", in->q)));
	resp_json_end(c->resp);
	return 0;
}

/* --- dead letters ---------------------------------------------------------------- */

struct redriving {
	struct call	*c;
	const uint64_t	*id;
	size_t		 n;
	const char	*provider;
	int64_t		 rows, all;
};

static int
redrive_work(struct db *db, void *arg, struct err *e)
{
	struct redriving *r = arg;
	const struct caller *who = &r->c->who;
	struct audit_event ev = { .event = "jobs_redrive", .outcome = "ok",
	    .actor_id = who->user_id, .session_id = who->session_id };

	if ((r->rows = job_again(db, r->id, r->n, r->provider, e)) < 0)
		return -1;
	if (r->rows == 0)
		return 1;
	ev.detail = arena_printf(r->c->arena, "{\"jobs\":%" PRId64 "}",
	    r->rows);
	return audit_add(db, r->c->req, &ev, e);
}

static int
redrive(struct redriving *r, struct err *e)
{
	do {
		if (db_tx(r->c->db, redrive_work, r, e) < 0)
			return -1;
		r->all += r->rows;
	} while (r->id == NULL && r->rows == JOB_BATCH_MAX);
	if (r->all > 0)
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return 0;
}

int
admin_jobs_redrive(struct call *c, const void *in_, struct err *e)
{
	const struct redrive_in *in = in_;
	struct redriving r = { .c = c, .provider = in->provider };
	uint64_t *id = NULL;
	struct jw *w;

	if (!in->ids.set && in->provider == NULL && !(in->all.set &&
	    in->all.v))
		return field_refuse(c, "ids", "required", e,
		    "Give ids, a provider, or all.");
	if (in->ids.set) {
		id = arena_array(c->arena, in->ids.n + 1, sizeof(*id));
		for (size_t i = 0; i < in->ids.n; i++)
			if (!id_read(in->ids.p[i], &id[i]))
				return field_refuse(c, "ids", "invalid", e,
				    "Give the id of a row.");
		r.id = id;
		r.n = in->ids.n;
	}
	if (redrive(&r, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_i64(w, "redriven", r.all);
	resp_json_end(c->resp);
	return 0;
}

static int
not_dead(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "not_dead", "the job lives");
}

static int
job_of_path(struct call *c, struct writing *x, struct err *e)
{
	uint64_t id;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = job_seen(c->db, c->arena, id, &x->j, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such job");
}

int
admin_job_get(struct call *c, const void *in, struct err *e)
{
	struct writing x = { .c = c };

	(void)in;
	if (job_of_path(c, &x, e) < 0)
		return -1;
	x.w = resp_json(c->resp, 200);
	write_members(&x);
	resp_json_end(c->resp);
	return 0;
}

int
admin_job_redrive(struct call *c, const void *in, struct err *e)
{
	struct writing x = { .c = c };
	struct redriving r = { .c = c, .n = 1 };
	struct jw *w;

	(void)in;
	if (job_of_path(c, &x, e) < 0)
		return -1;
	r.id = &x.j.id;
	if (redrive(&r, e) < 0)
		return -1;
	if (r.all == 0)
		return not_dead(e);
	w = resp_json(c->resp, 200);
	jw_i64(w, "redriven", r.all);
	resp_json_end(c->resp);
	return 0;
}

struct discarding { struct call *c; uint64_t id; int rows; };

static int
discard_work(struct db *db, void *arg, struct err *e)
{
	struct discarding *d = arg;
	const struct caller *who = &d->c->who;
	struct audit_event ev = { .event = "job_discard", .outcome = "ok",
	    .actor_id = who->user_id, .session_id = who->session_id,
	    .detail = arena_printf(d->c->arena, "{\"job\":\"%" PRIu64 "\"}",
	    d->id) };

	if ((d->rows = job_discard(db, d->id, e)) <= 0)
		return d->rows < 0 ? -1 : 1;
	return audit_add(db, d->c->req, &ev, e);
}

/* Its delivery stays failed, with its reason. */
int
admin_job_delete(struct call *c, const void *in, struct err *e)
{
	struct writing x = { .c = c };
	struct discarding d = { .c = c };

	(void)in;
	if (job_of_path(c, &x, e) < 0)
		return -1;
	d.id = x.j.id;
	if (db_tx(c->db, discard_work, &d, e) < 0)
		return -1;
	if (d.rows == 0)
		return not_dead(e);
	resp_empty(c->resp, 204);
	return 0;
}
