/*
 * facebook.c - Facebook's own rows: sign-in with a code or token that a
 * client brings, and its deletion callback (S64).
 */
#include "api/account.h"
#include "api/answer.h"
#include "api/social_own.h"
#include "auth/facebook.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "store/social.h"

struct facebook_in { const char *code, *redirect, *state, *verifier, *token; };
static const struct field facebook_rows[] = {
	FIELD_TEXT(struct facebook_in, code, "code", 0, 4096, F_SECRET),
	FIELD_TEXT(struct facebook_in, redirect, "redirect_uri", 0, 2000,
	    F_LINE),
	FIELD_TEXT(struct facebook_in, state, "state", 0, 512, F_SECRET),
	FIELD_TEXT(struct facebook_in, verifier, "code_verifier", 0, 128,
	    F_SECRET),
	FIELD_TEXT(struct facebook_in, token, "access_token", 0, 2048,
	    F_SECRET),
};
const struct fieldset facebook_fields =
    FIELDSET(struct facebook_in, facebook_rows, IN_BODY);

struct deletion_in { const char *signed_request; };
static const struct field deletion_rows[] = {
	FIELD_TEXT(struct deletion_in, signed_request, "signed_request", 1,
	    4096, F_REQUIRED | F_SECRET),
};
const struct fieldset facebook_deletion_fields =
    FIELDSET(struct deletion_in, deletion_rows, IN_BODY);

struct status_in { const char *id; };
static const struct field status_rows[] = {
	FIELD_TEXT(struct status_in, id, "id", 1, 64, F_REQUIRED),
};
const struct fieldset facebook_status_fields =
    FIELDSET(struct status_in, status_rows, IN_QUERY);

static bool
given(const char *s)
{
	return s != NULL && *s != '\0';
}

static int
wants(struct call *c, const char *field, const char *code, struct err *e)
{
	faults_add(&c->bound.faults, field, problem_detail(code));
	return err_field(e, field, code, "facebook");
}

/*
 * A code of our own start comes with its state, which is used up, and its
 * verifier is ours.  A client with a redirect_uri of its own (listed) keeps
 * its own state and verifier; one of ours it must not carry there.
 */
static int
code_to_token(struct call *c, const struct social_provider *p,
    const struct facebook_in *in, const char **token, struct err *e)
{
	const char *verifier = given(in->verifier) ? in->verifier : NULL;
	struct social_visit v;
	bool ours;
	int rc = 0;

	if (!given(in->redirect))
		return wants(c, "redirect_uri", "required", e);
	ours = strcmp(in->redirect, social_callback_url(c->arena, p)) == 0;
	if (!ours && !conf_list_has(CONF_FACEBOOK_REDIRECTS, in->redirect))
		return wants(c, "redirect_uri", "invalid_redirect_uri", e);
	if (!ours && given(in->state) &&
	    (rc = social_state_ours(c->db, in->state, e)) < 0)
		return -1;
	if (ours || rc == 1) {
		if (social_back(c->db, c->req, p, in->state, &v, e) < 0)
			return -1;
		if (v.user_id != 0)
			return err_set(e, ERR_INPUT, "invalid_state",
			    "begun to link, not to sign in");
		verifier = arena_strdup(c->arena, v.verifier);
	}
	return facebook_exchange(c->arena, p, in->redirect, in->code,
	    verifier, token, e);
}

int
facebook_post(struct call *c, const void *in_, struct err *e)
{
	const struct facebook_in *in = in_;
	struct social_person who;
	struct social_provider p;
	const char *token = in->token;

	if (social_provider("facebook", &p, e) < 0)
		return -1;
	if (!given(in->code) && !given(in->token))
		return wants(c, "code", "required", e);
	if ((given(in->code) && code_to_token(c, &p, in, &token, e) < 0) ||
	    facebook_person(c->arena, &p, token, !given(in->code), &who,
	    e) < 0)
		return answer_refused(c, "login", 0, e);
	return social_finish(c, &p, &who, NULL, e);
}

/* --- deletion ------------------------------------------------------------------ */

struct deletion {
	struct call		*c;
	const struct social_provider *p;
	const char		*sub;
	uint8_t			 code_hash[32];
	struct grant_ended	 ended;
	struct user		 u;
	struct account_end	 end;
	bool			 closed;
};

/*
 * An account that nothing opens any more is closed as if its owner had asked:
 * grace, then the purge.  The last superuser stays, for gatepostctl to mend.
 */
static int
close_orphan(struct db *db, struct deletion *d, uint64_t user_id,
    struct err *e)
{
	int rc = identity_way_in(db, user_id, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if ((rc = user_find(db, d->c->arena, user_id, &d->u, e)) <= 0)
		return rc;
	if (closing_leaves_superuser(db, user_id, e) < 0) {
		if (e->kind != ERR_CONFLICT)
			return -1;
		err_clear(e);
		return 0;
	}
	account_end_init(&d->end, d->c, &d->u);
	if (account_end_work(db, &d->end, e) < 0)
		return -1;
	d->closed = d->end.rc == 1;
	return 0;
}

/*
 * What Facebook told us goes; with it every session it may have begun.  A
 * request is good once: sent again by whoever kept it, it does not touch what
 * has been linked since.
 */
static int
deletion_work(struct db *db, void *arg, struct err *e)
{
	struct deletion *d = arg;
	uint64_t user_id = 0;
	int found, rc;

	d->closed = false;
	if ((found = identity_user(db, d->p->issuer, d->sub, &user_id,
	    e)) < 0 || (rc = deletion_add(db, d->code_hash, found == 1,
	    e)) < 0)
		return -1;
	if (found == 0 || rc == 0)
		return 0;
	if (identity_forget(db, d->p->issuer, d->sub, &user_id, e) < 0 ||
	    grant_end_all(db, user_id, "facebook", &d->ended, e) < 0 ||
	    answer_audit(d->c, "identity_deletion", "ok", user_id, 0, e) < 0)
		return -1;
	return close_orphan(db, d, user_id, e);
}

int
facebook_deletion_post(struct call *c, const void *in_, struct err *e)
{
	const struct deletion_in *in = in_;
	struct deletion d = { .c = c, .ended = GRANT_ENDED_NONE };
	struct social_provider p;
	char code[44];
	struct jw *w;
	int64_t at;

	if (social_provider("facebook", &p, e) < 0)
		return -1;
	if (!facebook_signed_request(c->arena, p.client_secret,
	    in->signed_request, &d.sub, &at))
		return wants(c, "signed_request", "invalid_signed_request",
		    e);
	d.p = &p;
	/* The same request again gets the same code. */
	social_derive(code, "deletion", arena_printf(c->arena, "%s:%" PRId64,
	    d.sub, at));
	code[22] = '\0';
	sha256(d.code_hash, code, strlen(code));
	if (db_tx(c->db, deletion_work, &d, e) < 0)
		return -1;
	grant_publish(&d.ended);
	if (d.closed)
		account_end_done(&d.end);
	w = resp_json(c->resp, 200);
	jw_str(w, "url", arena_printf(c->arena,
	    "%s/api/auth/social/facebook/deletion/?id=%s",
	    conf_str(CONF_PUBLIC_URL), code));
	jw_str(w, "confirmation_code", code);
	resp_json_end(c->resp);
	return 0;
}

int
facebook_deletion_get(struct call *c, const void *in_, struct err *e)
{
	const struct status_in *in = in_;
	uint8_t hash[32];
	bool found;
	int64_t at_us;
	struct jw *w;
	int rc;

	sha256(hash, in->id, strlen(in->id));
	if ((rc = deletion_find(c->db, hash, &found, &at_us, e)) < 0)
		return -1;
	if (rc == 0) {
		err_set(e, ERR_NOT_FOUND, "not_found", "no such code");
		return page_wanted(c->req) ? page_refusal(c, e) : -1;
	}
	if (page_wanted(c->req)) {
		page_make(c, 200, "Deletion of Facebook data", arena_printf(
		    c->arena, "<p>%s</p>", html_text(c->arena, resp_say(
		    c->resp, found ? "What Facebook told us about you has been "
		    "deleted, and every session has been signed out. An "
		    "account that only Facebook opened is closed and will be "
		    "deleted." :
		    "There was nothing from Facebook about you here."))));
		return 0;
	}
	w = resp_json(c->resp, 200);
	jw_str(w, "status", "deleted");
	jw_bool(w, "found", found);
	jw_time(w, "created_at", at_us);
	resp_json_end(c->resp);
	return 0;
}
