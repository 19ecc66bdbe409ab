/*
 * campaign_steps.c - start, pause, resume, cancel; and what became of each
 * recipient.
 *
 * A step that was taken already is answered with the campaign as it is: twice
 * does no harm.
 */
#include "api/campaign_own.h"

#include "api/admin_log.h"
#include "api/idem.h"
#include "base/conf.h"
#include "queue/bell.h"
#include "store/delivery.h"

#define SHOWN		500		/* recipients an answer, at most */
#define FEW		100

struct step {
	const char	*event;
	int		(*take)(struct db *db, uint64_t id, struct err *e);
	const char	*done[2];	/* states in which it was taken */
};

static int
take_start(struct db *db, uint64_t id, struct err *e)
{
	return campaign_start(db, id, false, e);
}

static int
take_pause(struct db *db, uint64_t id, struct err *e)
{
	return campaign_pause(db, id, "asked", "", e);
}

static const struct step
start = { "campaign_start", take_start, { "running", "scheduled" } },
pause_ = { "campaign_pause", take_pause, { "paused", "" } },
resume = { "campaign_resume", campaign_resume, { "running", "scheduled" } },
cancel = { "campaign_cancel", campaign_cancel, { "cancelled", "" } };

struct stepping { struct call *c; const struct step *s; uint64_t id;
	bool taken; };

/* What is refused is refused for the state in which it was asked, not for one
 * that another step made a moment later. */
static int
step_work(struct db *db, void *arg, struct err *e)
{
	struct stepping *x = arg;
	struct call *c = x->c;
	const char *state = "";
	int rc;

	if (campaign_hold(db, c->arena, x->id, &state, e) < 0 ||
	    (rc = x->s->take(db, x->id, e)) < 0)
		return -1;
	x->taken = rc > 0;
	if (!x->taken && strcmp(state, x->s->done[0]) != 0 &&
	    strcmp(state, x->s->done[1]) != 0)
		return err_set(e, ERR_CONFLICT, "campaign_state",
		    "campaign %" PRIu64 " is %s", x->id, state);
	/* The key is used up by a step that was taken before, too. */
	if (idem_take(c, db, x->id, e) < 0)
		return -1;
	return rc == 0 ? 0 : campaign_audit(db, c, x->s->event, x->id, e);
}

static int
take_step(struct call *c, const struct step *s, struct err *e)
{
	struct stepping x = { .c = c, .s = s };
	struct campaign row;

	if (id_of_path(c, 0, &x.id, e) < 0 ||
	    campaign_own(c, x.id, &row, e) < 0)
		return -1;
	if (db_tx(c->db, step_work, &x, e) < 0)
		return -1;
	if (x.taken)
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return campaign_show(c, x.id, 200, e);
}

int
campaign_start_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return take_step(c, &start, e);
}

int
campaign_pause_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return take_step(c, &pause_, e);
}

int
campaign_resume_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return take_step(c, &resume, e);
}

int
campaign_cancel_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return take_step(c, &cancel, e);
}

int
campaign_step_replay(struct call *c, uint64_t id, struct err *e)
{
	return campaign_show(c, id, 200, e);
}

/* --- recipients ----------------------------------------------------------- */

struct recipients_in { struct opt_int after, limit; const char *state, *q; };
#define STATES "queued|sent|delivered|read|skipped|failed|expired|cancelled|" \
	"unsure"
static const struct field recipients_rows[] = {
	FIELD_OF(FT_INT, struct recipients_in, after, "after", 0, UINT32_MAX,
	    0),
	FIELD_OF(FT_INT, struct recipients_in, limit, "limit", 1, SHOWN, 0),
	FIELD_ENUM(struct recipients_in, state, "state", STATES, 0),
	FIELD_TEXT(struct recipients_in, q, "q", 1, 2048, F_TRIM | F_LINE),
};
const struct fieldset campaign_recipients_fields =
    FIELDSET(struct recipients_in, recipients_rows, IN_QUERY);

struct walk {
	struct call	*c;
	struct jw	*w;
	uint64_t	 id, last;
	struct delivery	 d;
};

static int
write_row(void *arg, struct err *e)
{
	struct walk *k = arg;

	(void)e;
	k->last = k->d.seq;
	push_delivery(k->c, k->w, k->id, &k->d);
	return 0;
}

int
campaign_recipients_get(struct call *c, const void *in_, struct err *e)
{
	const struct recipients_in *in = in_;
	struct campaign_search f = {
		.after = in->after.set ? (uint32_t)in->after.v : 0,
		.max = in->limit.set ? (uint32_t)in->limit.v : FEW,
		.state = in->state == NULL ? "" : in->state,
	};
	struct campaign row;
	struct walk k = { .c = c };
	uint8_t to[16];
	int n;

	if (id_of_path(c, 0, &k.id, e) < 0 ||
	    campaign_own(c, k.id, &row, e) < 0)
		return -1;
	if (in->q != NULL) {
		delivery_hash(to, address_typed(c, in->q));
		f.to = to;
		if ((n = user_typed(c, in->q, &f.user_id, e)) < 0)
			return -1;
		if (n == 0)
			f.user_id = 0;
	}
	k.w = resp_json(c->resp, 200);
	jw_array(k.w, "results");
	if ((n = campaign_recipients(c->db, c->arena, k.id, &f, &k.d,
	    write_row, &k, e)) < 0)
		return -1;
	jw_end(k.w);
	jw_str(k.w, "next", n < (int)f.max ? NULL : arena_printf(c->arena,
	    "%s%s?after=%" PRIu64 "&limit=%" PRIu32 "%s%s",
	    conf_str(CONF_PUBLIC_URL), c->req->path, k.last, f.max,
	    query_part(c, "state", in->state), query_part(c, "q", in->q)));
	jw_null(k.w, "previous");
	resp_json_end(c->resp);
	return 0;
}
