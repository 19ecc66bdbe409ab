/*
 * social_enter.c - whose account an identity opens, and linking one.
 *
 * What must stay true: the key is (issuer, sub) (S60); an address that the
 * provider vouches for opens nobody's account by itself (S61); a squatter who
 * claimed that address here keeps neither it nor a way in (S62); an address
 * that nobody vouched for is shown to its owner and used for nothing.
 */
#include "auth/social.h"

#include "auth/audit.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "base/crypto.h"
#include "base/lang.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/known_device.h"
#include "store/session.h"
#include "store/social.h"

#define CLAIMS_MAX	1000
#define ROUNDS		4
#define NAME_MAX_POINTS	150

struct entry {
	struct arena		*a;
	const struct req	*q;
	const struct social_provider *p;
	const struct social_person *who;
	struct social_entry	*out;
	struct identity		 identity;
	struct user_new		 fresh;
	char			 cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	uint8_t			 offer_hash[32], browser_hash[32];
	struct grant_ended	 ended;
	bool			 address;	/* vouched for */
	bool			 again;		/* somebody was faster */
};

/* S62: who claimed the address without proving it may not enter any more. */
static int
void_claims(struct db *db, struct entry *x, struct err *e)
{
	uint64_t *id = arena_array(x->a, CLAIMS_MAX, sizeof(*id));
	int n = user_claims_of(db, x->unique, id, CLAIMS_MAX, e);

	for (int i = 0; i < n; i++)
		if (user_void_claim(db, id[i], e) < 0 ||
		    otp_void_all(db, id[i], e) < 0 ||
		    known_device_forget(db, id[i], e) < 0 ||
		    grant_end_all(db, id[i], "address_proved", &x->ended,
		    e) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

static int
make_account(struct db *db, struct entry *x, struct err *e)
{
	struct audit_event ev = { .event = "register", .outcome = "ok" };
	uint64_t id;
	int rc;

	if (x->address && void_claims(db, x, e) < 0)
		return -1;
	if (user_insert(db, &x->fresh, &id, e) < 0)
		return -1;
	if (x->address && (rc = user_prove_email(db, id, x->unique, e)) <= 0) {
		x->again = rc == 0;	/* proved by another just now */
		return rc < 0 ? -1 : 1;
	}
	x->identity.user_id = id;
	if ((rc = identity_add(db, &x->identity, e)) <= 0) {
		x->again = rc == 0;
		return rc < 0 ? -1 : 1;
	}
	ev.user_id = id;
	x->out->created = true;
	if (audit_add(db, x->q, &ev, e) < 0 ||
	    (rc = user_find(db, x->a, id, &x->out->u, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_CONFLICT, "conflict",
	    "the account came and went");
}

static int
enter_work(struct db *db, void *arg, struct err *e)
{
	struct entry *x = arg;
	uint64_t id = 0, made;
	int rc;

	x->again = false;
	x->out->created = false;
	if ((rc = identity_user(db, x->who->issuer, x->who->sub, &id, e)) < 0)
		return -1;
	if (rc == 1) {
		x->out->found = SOCIAL_USER;
		if (identity_used(db, &x->identity, e) < 0 ||
		    (rc = user_find(db, x->a, id, &x->out->u, e)) < 0)
			return -1;
		return rc == 1 ? 0 : err_set(e, ERR_AUTH,
		    "invalid_credentials", "user %" PRIu64 " is gone", id);
	}
	rc = 0;
	if (x->address && (rc = user_email_owner(db, x->unique, &id, e)) < 0)
		return -1;
	if (rc == 0) {
		x->out->found = SOCIAL_USER;
		return make_account(db, x, e);
	}
	/* Two first visits at once: the owner may be what the other has made
	 * since we looked, of this very identity and in one transaction. */
	if ((rc = identity_user(db, x->who->issuer, x->who->sub, &made,
	    e)) < 0)
		return -1;
	if (rc == 1) {
		x->again = true;
		return 1;
	}
	if (x->q->state_cookie[0] == '\0')
		return err_set(e, ERR_CONFLICT, "address_taken",
		    "user %" PRIu64 " has the address", id);
	x->out->found = SOCIAL_OFFERED;
	x->identity.user_id = id;
	return offer_insert(db, x->offer_hash, x->browser_hash, &x->identity,
	    e);
}

/* What the column holds of a name, never half a letter. */
static const char *
name_of(struct arena *a, const char *name)
{
	size_t n = 0, all = strlen(name), step;

	for (int i = 0; i < NAME_MAX_POINTS && n < all; i++) {
		if ((step = utf8_step(name + n, all - n)) == 0)
			break;
		n += step;
	}
	return arena_strndup(a, name, n);
}

int
social_enter(struct db *db, struct arena *a, const struct req *q,
    const struct social_provider *p, const struct social_person *who,
    struct social_entry *out, struct err *e)
{
	struct entry x = { .a = a, .q = q, .p = p, .who = who, .out = out,
	    .ended = GRANT_ENDED_NONE };
	char token[B64_SIZE(16)];

	memset(out, 0, sizeof(*out));
	rand_token(token, sizeof(token), 16);
	(void)text_copy(out->offer, sizeof(out->offer), token);
	sha256(x.offer_hash, out->offer, strlen(out->offer));
	sha256(x.browser_hash, q->state_cookie, strlen(q->state_cookie));
	x.address = who->email_verified && who->email != NULL &&
	    mail_parse(who->email, x.cmp, x.unique);
	x.identity = (struct identity){ .id = rand_id(), .provider = p->name,
	    .issuer = who->issuer, .sub = who->sub, .email = who->email,
	    .name = who->name };
	x.fresh = (struct user_new){ .reg_key = rand_id(),
	    .email = x.address ? who->email : NULL,
	    .email_cmp = x.address ? x.cmp : NULL,
	    .email_unique = x.address ? x.unique : NULL,
	    .first_name = name_of(a, who->first_name),
	    .last_name = name_of(a, who->last_name),
	    .locale = lang_to_keep(q->accept_language),
	    .country = q->country, .is_active = true, .standing = true };
	for (int round = 0; round < ROUNDS; round++) {
		if (db_tx(db, enter_work, &x, e) < 0)
			return -1;
		if (!x.again) {
			grant_publish(&x.ended);
			return 0;
		}
		x.fresh.reg_key = rand_id();
	}
	err_set(e, ERR_UNAVAILABLE, "busy", "the identity kept moving");
	e->retry_after_s = 1;
	return -1;
}

/* --- linking ---------------------------------------------------------------- */

struct link {
	struct arena		*a;
	const struct req	*q;
	uint64_t		 user_id, session_id;
	const struct identity	*i;
	const uint8_t		*offer_hash;	/* or NULL */
	uint64_t		 notice_ids[2];
	int			 told;
};

static int
link_work(struct db *db, void *arg, struct err *e)
{
	struct link *l = arg;
	struct identity row = *l->i;
	const struct audit_event ev = { .event = "identity_link",
	    .outcome = "ok", .user_id = l->user_id, .actor_id = l->user_id };
	struct session s;
	struct user u;
	int rc;

	l->told = 0;
	row.user_id = l->user_id;
	/* With the row held: an undo on its way either comes after, and takes
	 * the link with it, or came before, and ended the session (S59). */
	if ((rc = user_lock(db, l->a, l->user_id, &u, e)) < 0 || (rc == 1 &&
	    (rc = session_find(db, l->a, l->session_id, &s, e)) < 0))
		return -1;
	if (rc == 0 || !session_alive(&s))
		return err_set(e, ERR_AUTH, "invalid_token",
		    "session %" PRIu64 " ended meanwhile", l->session_id);
	if ((rc = identity_add(db, &row, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "identity_taken",
		    "%s identity of another account", row.provider);
	if (l->offer_hash != NULL && offer_drop(db, l->offer_hash, e) < 0)
		return -1;
	/* Linked already, by a twin of this request or before: who was told
	 * once is not told again. */
	if (rc == 2)
		return 0;
	if (audit_add(db, l->q, &ev, e) < 0)
		return -1;
	l->told = notice_everywhere(db, &u, l->notice_ids,
	    "identity_linked", row.provider, l->q->request_id, e);
	return l->told < 0 ? -1 : 0;
}

static int
do_link(struct db *db, struct link *l, struct err *e)
{
	l->notice_ids[0] = rand_id();
	l->notice_ids[1] = rand_id();
	if (db_tx(db, link_work, l, e) < 0)
		return -1;
	if (l->told > 0)
		notice_ring();
	return 0;
}

int
social_link(struct db *db, struct arena *a, const struct req *q,
    const struct caller *who, const struct identity *i, struct err *e)
{
	struct link l = { .a = a, .q = q, .user_id = who->user_id,
	    .session_id = who->session_id, .i = i };

	return do_link(db, &l, e);
}

int
social_accept(struct db *db, struct arena *a, const struct req *q,
    const struct caller *who, const char *token, struct identity *i,
    struct err *e)
{
	uint8_t hash[32], browser[32];
	struct link l = { .a = a, .q = q, .user_id = who->user_id,
	    .session_id = who->session_id, .i = i, .offer_hash = hash };
	int rc;

	sha256(hash, token, strlen(token));
	sha256(browser, q->state_cookie, strlen(q->state_cookie));
	if ((rc = offer_find(db, a, hash, browser, i, e)) < 0)
		return -1;
	if (rc == 0 || i->user_id != who->user_id)
		return err_set(e, ERR_INPUT, "invalid_link_token",
		    "unknown, over, another browser's or another account's");
	return do_link(db, &l, e);
}
