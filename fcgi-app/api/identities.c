/*
 * identities.c - what of other sites opens my account: the list, a yes to an
 * offer (S61), and removing one (S64).
 */
#include "api/answer.h"
#include "api/push_own.h"
#include "api/social_own.h"
#include "auth/notice.h"
#include "base/rand.h"

struct accept_in { const char *token; };
static const struct field accept_rows[] = {
	FIELD_TEXT(struct accept_in, token, "link_token", 1, 64,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset identity_accept_fields =
    FIELDSET(struct accept_in, accept_rows, IN_BODY);

struct listing { struct jw *w; struct identity i; };

static void
write_identity(struct jw *w, const struct identity *i)
{
	jw_id(w, "id", i->id);
	jw_str(w, "provider", i->provider);
	jw_str(w, "email", i->email);
	jw_str(w, "name", i->name);
	jw_time(w, "created_at", i->created_us);
	jw_time(w, "used_at", i->used_us);
}

static int
list_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_identity(l->w, &l->i);
	jw_end(l->w);
	return 0;
}

int
identities_get(struct call *c, const void *in, struct err *e)
{
	struct listing l = { .w = resp_json(c->resp, 200) };

	(void)in;
	jw_array(l.w, "results");
	if (identity_each(c->db, c->arena, c->who.user_id, &l.i, list_row, &l,
	    e) < 0)
		return -1;
	jw_end(l.w);
	resp_json_end(c->resp);
	return 0;
}

int
identity_accept_post(struct call *c, const void *in_, struct err *e)
{
	const struct accept_in *in = in_;
	struct identity i;

	if (social_accept(c->db, c->arena, c->req, &c->who, in->token,
	    &i, e) < 0)
		return -1;
	resp_message(c->resp, 200, "Linked.");
	return 0;
}

struct removal {
	struct call	*c;
	uint64_t	 id, notice_ids[2];
	int		 rc, told;
};

static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct removal *r = arg;
	struct call *c = r->c;
	struct user u;
	int rc;

	r->told = 0;
	if ((r->rc = identity_remove(db, c->who.user_id, r->id, e)) != 1)
		return r->rc < 0 ? -1 : 1;
	if (answer_audit(c, "identity_unlink", "ok", c->who.user_id,
	    c->who.session_id, e) < 0 ||
	    (rc = user_find(db, c->arena, c->who.user_id, &u, e)) < 0)
		return -1;
	if (rc == 1)
		r->told = notice_everywhere(db, &u, r->notice_ids,
		    "identity_unlinked", NULL, c->req->request_id, e);
	return r->told < 0 ? -1 : 0;
}

int
identity_delete(struct call *c, const void *in, struct err *e)
{
	struct removal r = { .c = c, .notice_ids = { rand_id(), rand_id() } };

	(void)in;
	if (id_of_path(c, 0, &r.id, e) < 0 ||
	    db_tx(c->db, remove_work, &r, e) < 0)
		return -1;
	if (r.rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found", "identity %"
		    PRIu64, r.id);
	if (r.rc == 2)
		return err_set(e, ERR_CONFLICT, "last_login_method",
		    "nothing else opens user %" PRIu64, c->who.user_id);
	if (r.told > 0)
		notice_ring();
	resp_empty(c->resp, 204);
	return 0;
}
