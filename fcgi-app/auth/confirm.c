/*
 * confirm.c - links that prove an e-mail address.
 *
 * What must stay true: a token of ours is good for nothing else, and no code
 * row takes its flow (the hash in the row is of bytes that no register_id can
 * have); a link for nobody makes the same statements, rows and bell (S24).
 */
#include "auth/confirm.h"

#include "auth/mail_block.h"
#include "auth/notice.h"
#include "auth/otp_own.h"
#include "auth/token.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/rand.h"
#include "base/text.h"

#define TYP		"confirm+jwt"
#define AUDIENCE	"verify-email"
#define JTI_BYTES	16
#define JTI_TEXT	B64URL_SIZE(JTI_BYTES)
#define CLAIMS_MAX	1024
/* Of the address: enough of its hash, for the token also stands in URLs. */
#define BOUND_BYTES	16
#define BOUND_TEXT	B64URL_SIZE(BOUND_BYTES)

/* Not of the access tokens' ring: those end with the access tokens. */
static struct jws_key
own_key(void)
{
	static const char purpose[] = "gatepost confirm";
	const struct keyring *k = token_keys();
	struct jws_key key = { .kid = "confirm" };

	hmac_sha256(key.key, k->mac, sizeof(k->mac), purpose,
	    sizeof(purpose));
	return key;
}

static void
flow_hash(uint8_t hash[32], const char *jti)
{
	char text[8 + JTI_TEXT] = "confirm";	/* and its NUL */

	snprintf(text + 8, JTI_TEXT, "%s", jti);
	sha256(hash, text, sizeof(text));
}

static void
bound_to(char out[BOUND_TEXT], const char *cmp)
{
	uint8_t hash[32];

	sha256(hash, cmp, strlen(cmp));
	b64url_encode(out, BOUND_TEXT, hash, BOUND_BYTES);
}

static int
make_token(struct arena *a, const char *cmp, const char *jti,
    const char **token, struct err *e)
{
	int64_t now_s = clock_now() / US_PER_S;
	struct jws_key key = own_key();
	char bound[BOUND_TEXT];
	struct buf b;
	struct jw w;
	int rc;

	bound_to(bound, cmp);
	buf_init(&b, CLAIMS_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "iss", token_issuer());
	jw_str(&w, "aud", AUDIENCE);
	jw_str(&w, "jti", jti);
	jw_str(&w, "email_hash", bound);
	jw_i64(&w, "iat", now_s);
	jw_i64(&w, "exp", now_s + CONFIRM_LIFE_S);
	jw_end(&w);
	rc = b.over ? err_set(e, ERR_INTERNAL, "claims_too_long",
	    "a confirmation's claims pass %d bytes", CLAIMS_MAX) :
	    jws_sign(a, &key, TYP, buf_text(&b), token, e);
	buf_fini(&b);
	secret_wipe(&key, sizeof(key));
	return rc;
}

/* --- beginning --------------------------------------------------------------- */

struct begin_link {
	const struct req	*q;
	const struct confirm_start *s;
	struct otp_row_new	*row;
	const char		*link;
	uint64_t		 notification_id;
};

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct begin_link *b = arg;
	const struct confirm_start *s = b->s;
	struct notice n = {
		.id = b->notification_id, .channel = "email",
		.to = s->mail_to, .locale = s->locale,
		.template = s->notice != NULL ? s->notice : "confirm_email",
		.link = s->notice != NULL ? NULL : b->link,
		.life_s = CONFIRM_LIFE_S, .request_id = b->q->request_id,
	};

	if (s->claim != NULL && user_insert(db, s->claim, &b->row->user_id,
	    e) < 0)
		return -1;
	n.user_id = b->row->user_id;
	n.nobody = n.user_id == 0;
	if (otp_row_insert(db, b->row, e) < 0 || notice_add(db, &n, e) < 0)
		return -1;
	return s->with == NULL ? 0 : s->with(db, s->arg, n.user_id, e);
}

int
confirm_begin(struct db *db, const struct req *q,
    const struct confirm_start *s, uint64_t *user_id, struct err *e)
{
	uint8_t hash[32], no_code[32];
	char jti[JTI_TEXT];
	const char *token;
	struct otp_row_new row = {
		.id = rand_id(), .register_hash = hash, .code_mac = no_code,
		.user_id = s->user_id, .purpose = otp_purpose_word(OTP_CONFIRM),
		.channel = "email", .target = s->cmp,
		.code_life_s = CONFIRM_LIFE_S, .flow_life_s = CONFIRM_LIFE_S,
	};
	struct begin_link b = { .q = q, .s = s, .row = &row,
		.notification_id = rand_id() };
	const struct otp_start mail = { .purpose = OTP_CONFIRM,
		.user_id = s->user_id, .channel = "email", .target = s->cmp,
		.notice = s->notice };

	if ((s->claim != NULL && mail_reach_check(db, "email", s->cmp,
	    e) < 0) || otp_may_leave(db, q, &mail, b.notification_id, row.id,
	    e) < 0)
		return -1;
	rand_fill(no_code, sizeof(no_code));
	rand_token(jti, sizeof(jti), JTI_BYTES);
	flow_hash(hash, jti);
	if (make_token(q->arena, s->cmp, jti, &token, e) < 0)
		return -1;
	b.link = arena_printf(q->arena, "%s/api/verify-email/?token=%s",
	    conf_str(CONF_PUBLIC_URL), token);
	if (db_tx(db, begin_work, &b, e) < 0)
		return -1;
	*user_id = row.user_id;
	notice_ring();
	return 0;
}

/* --- looking and using ---------------------------------------------------------- */

/* What a token of ours says: 0, or -1. */
static int
read_token(const char *token, char jti[JTI_TEXT], char bound[BOUND_TEXT],
    struct err *e)
{
	const struct jws_want want = { TYP, token_issuer(), AUDIENCE,
	    clock_now() };
	struct jws_key key = own_key();
	struct json *j = NULL;
	const char *id, *to;
	int rc = jws_verify(token, strlen(token), &key, 1, &want, &j, e);

	secret_wipe(&key, sizeof(key));
	if (rc < 0)
		return -1;
	id = json_str(json_get(j, "jti"));
	to = json_str(json_get(j, "email_hash"));
	if (id == NULL || strlen(id) != JTI_TEXT - 1 || to == NULL ||
	    strlen(to) != BOUND_TEXT - 1)
		rc = err_set(e, ERR_AUTH, "invalid_token",
		    "signed, but jti or email_hash is missing");
	else {
		memcpy(jti, id, JTI_TEXT);
		memcpy(bound, to, BOUND_TEXT);
	}
	json_free(j);
	return rc;
}

int
confirm_find(struct db *db, struct arena *a, const char *token,
    struct otp_flow *f, struct err *e)
{
	char jti[JTI_TEXT], bound[BOUND_TEXT], target[BOUND_TEXT];
	struct err why = ERR_INIT;
	uint8_t hash[32];
	struct otp_row r;
	int rc;

	if (read_token(token, jti, bound, &why) < 0)
		return 0;
	flow_hash(hash, jti);
	if ((rc = otp_row_find(db, a, hash, &r, e)) <= 0)
		return rc;
	bound_to(target, r.target);
	otp_flow_of(f, &r);
	return f->purpose == OTP_CONFIRM && f->user_id != 0 &&
	    strcmp(bound, target) == 0;
}

int
confirm_finish(struct db *db, uint64_t flow_id, struct err *e)
{
	return otp_row_confirm(db, flow_id, e);
}
