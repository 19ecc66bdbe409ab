/*
 * account.c - closing an account, and undoing it.
 *
 * What must stay true: closing is one transaction, after which no session,
 * code, device or token of the account works; the way back is a link that
 * went to the owner's own channels, or the right password.
 */
#include "api/account.h"

#include "api/answer.h"
#include "api/fresh.h"
#include "auth/notice.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/personal.h"

#define LINK_BYTES	16
#define DAY_S		86400U
#define TOKEN_LIFE_S	600U		/* between password and restore */

struct delete_in { const char *password; };
static const struct field delete_rows[] = {
	FIELD_TEXT(struct delete_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset account_delete_fields =
    FIELDSET(struct delete_in, delete_rows, IN_BODY);

struct restore_in { const char *token; };
static const struct field restore_rows[] = {
	FIELD_TEXT(struct restore_in, token, "token", 1, 64,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset account_restore_fields =
    FIELDSET(struct restore_in, restore_rows, IN_BODY);
const struct fieldset account_restore_look_fields =
    FIELDSET(struct restore_in, restore_rows, IN_QUERY);

/* --- closing ------------------------------------------------------------------ */

void
account_end_init(struct account_end *x, struct call *c, const struct user *u)
{
	char token[B64_SIZE(LINK_BYTES)];

	*x = (struct account_end){
		.c = c, .u = u, .notice_ids = { rand_id(), rand_id() },
		.ended = GRANT_ENDED_NONE,
		.n = { .user_id = u->id, .close_key = rand_id(), .grace_s =
		    DAY_S * (uint32_t)conf_int(CONF_ACCOUNT_GRACE_DAYS) },
	};
	rand_token(token, sizeof(token), LINK_BYTES);
	sha256(x->link_hash, token, strlen(token));
	x->n.link_hash = x->link_hash;
	/* Behind the '#' it stays in the browser: no log has it. */
	x->link = arena_printf(c->arena, "%s/console/restore/#%s",
	    conf_str(CONF_PUBLIC_URL), token);
	secret_wipe(token, sizeof(token));
}

int
account_end_work(struct db *db, void *arg, struct err *e)
{
	struct account_end *x = arg;
	struct user now;
	int rc;

	if ((x->rc = closing_begin(db, &x->n, e)) <= 0)
		return x->rc < 0 ? -1 : 1;
	/* The row is held by now: who proved to be the owner by a password
	 * that was changed meanwhile is not. */
	if (x->c->who.user_id == x->u->id) {
		if ((rc = user_lock(db, x->c->arena, x->u->id, &now, e)) < 0)
			return -1;
		if (rc == 0 || !USER_PASSWORD_KEPT(x->u, &now))
			return err_field(e, "password", "wrong_password",
			    "changed by another request");
	}
	if (grant_end_all(db, x->u->id, "closed", &x->ended, e) < 0 ||
	    personal_close(db, x->u->id, e) < 0 ||
	    closing_find(db, x->u->id, &x->purge_us, e) < 0 ||
	    (x->told = notice_link_everywhere(db, x->u, x->notice_ids,
	    "account_closing", x->link, x->c->req->request_id, e)) < 0)
		return -1;
	return answer_audit(x->c, "account_close", "ok", x->u->id,
	    x->c->who.session_id, e);
}

void
account_end_done(const struct account_end *x)
{
	grant_publish(&x->ended);
	if (x->told > 0)
		notice_ring();
}

int
account_close(struct call *c, const struct user *u, int64_t *purge_us,
    struct err *e)
{
	struct account_end x;

	account_end_init(&x, c, u);
	if (db_tx(c->db, account_end_work, &x, e) < 0)
		return -1;
	if (x.rc == 0)
		return err_set(e, ERR_CONFLICT, "account_closing",
		    "user %" PRIu64, u->id);
	account_end_done(&x);
	*purge_us = x.purge_us;
	return 0;
}

int
account_delete(struct call *c, const void *in_, struct err *e)
{
	const struct delete_in *in = in_;
	int64_t purge_us = 0;
	struct user u;
	struct jw *w;
	int rc;

	if ((rc = user_find(c->db, c->arena, c->who.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_token", "user is gone");
	if (fresh_enough(c, &u, in->password, "account_close", e) < 0 ||
	    account_close(c, &u, &purge_us, e) < 0)
		return -1;
	resp_clear_tokens(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp,
	    "The account is closed and will be deleted."));
	jw_time(w, "purge_at", purge_us);
	resp_json_end(c->resp);
	return 0;
}

/* --- the way back ---------------------------------------------------------------- */

int
account_closing(struct call *c, const struct user *u, const char *event,
    const char **given, struct err *e)
{
	char token[B64_SIZE(LINK_BYTES)];
	uint8_t hash[32];
	int rc;

	rand_token(token, sizeof(token), LINK_BYTES);
	sha256(hash, token, strlen(token));
	if ((rc = closing_token(c->db, u->id, hash, TOKEN_LIFE_S, e)) < 0)
		return -1;
	if (rc == 0) {
		err_set(e, ERR_FORBIDDEN, "account_disabled",
		    "user %" PRIu64, u->id);
		return answer_refused(c, event, u->id, e);
	}
	*given = arena_strdup(c->arena, token);
	return answer_audit(c, event, "refused", u->id, 0, e);
}

int
account_inactive(struct call *c, const struct user *u, const char *event,
    struct err *e)
{
	struct err refusal = ERR_INIT;
	const char *token;

	if (account_closing(c, u, event, &token, e) < 0)
		return -1;
	err_set(&refusal, ERR_FORBIDDEN, "account_closing", "user %" PRIu64,
	    u->id);
	resp_problem(c->resp, c->req, c->route->style, &refusal);
	resp_problem_member(c->resp, "restore_token", token);
	resp_no_store(c->resp);
	return 0;
}

/* The account behind a link or token, or the one refusal for all others. */
static int
behind(struct call *c, const char *token, uint64_t *user_id,
    int64_t *purge_us, struct err *e)
{
	uint8_t hash[32];
	int rc;

	sha256(hash, token, strlen(token));
	if ((rc = closing_by_hash(c->db, hash, user_id, purge_us, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_field(e, "token", "invalid_link",
	    "no account is closing under it");
}

int
account_restore_get(struct call *c, const void *in_, struct err *e)
{
	const struct restore_in *in = in_;
	uint64_t user_id = 0;
	int64_t purge_us = 0;
	struct jw *w;

	if (behind(c, in->token, &user_id, &purge_us, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_time(w, "purge_at", purge_us);
	resp_json_end(c->resp);
	return 0;
}

struct undo {
	struct call	*c;
	const struct user *u;
	uint64_t	 notice_ids[2];
	int		 rc, told;
};

static int
restore_work(struct db *db, void *arg, struct err *e)
{
	struct undo *x = arg;

	if ((x->rc = closing_restore(db, x->u->id, e)) <= 0)
		return x->rc < 0 ? -1 : 1;
	if ((x->told = notice_everywhere(db, x->u, x->notice_ids,
	    "account_restored", NULL, x->c->req->request_id, e)) < 0)
		return -1;
	return answer_audit(x->c, "account_restore", "ok", x->u->id, 0, e);
}

int
account_restore_post(struct call *c, const void *in_, struct err *e)
{
	const struct restore_in *in = in_;
	struct user u;
	struct undo x = { .c = c, .u = &u,
	    .notice_ids = { rand_id(), rand_id() } };
	uint64_t user_id = 0;
	int64_t purge_us;
	int rc;

	if (behind(c, in->token, &user_id, &purge_us, e) < 0 ||
	    (rc = user_find(c->db, c->arena, user_id, &u, e)) < 0)
		return -1;
	if (rc == 1 && db_tx(c->db, restore_work, &x, e) < 0)
		return -1;
	if (rc == 0 || x.rc == 0)
		return err_field(e, "token", "invalid_link",
		    "somebody was quicker");
	if (x.told > 0)
		notice_ring();
	resp_no_store(c->resp);
	resp_message(c->resp, 200, "The account is back: sign in.");
	return 0;
}
