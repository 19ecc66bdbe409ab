/*
 * otp_link.c - the link that goes with a mailed sign-in code.
 *
 * What must stay true: whoever asked for the code cannot work the link out,
 * and a database dump yields none (S7): it is the flow's id and a keyed HMAC
 * of it and its code.  So it lives exactly as long as the code: used, expired
 * or replaced, both are void.  128 bits are not guessed, so no failure is
 * counted and no flood can spend it (S43).
 */
#include "auth/otp_own.h"

#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"

#define ID_N	8
#define MAC_N	16
_Static_assert(OTP_LINK_TOKEN == B64URL_SIZE(ID_N + MAC_N), "token");

static void
link_raw(uint8_t raw[ID_N + MAC_N], const uint8_t key[32], uint64_t flow,
    const uint8_t code_mac[32])
{
	static const char purpose[] = "gatepost sign-in link";
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) }, { raw, ID_N },
		{ code_mac, 32 },
	};
	uint8_t mac[32];

	for (size_t i = 0; i < ID_N; i++)
		raw[i] = (uint8_t)(flow >> (8 * (ID_N - 1 - i)));
	hmac_sha256_parts(mac, key, 32, part, COUNT_OF(part));
	memcpy(raw + ID_N, mac, MAC_N);
	secret_wipe(mac, sizeof(mac));
}

const char *
otp_link(char link[OTP_LINK_MAX], const struct otp_start *s, uint64_t flow,
    const uint8_t code_mac[32])
{
	uint8_t raw[ID_N + MAC_N];
	char token[OTP_LINK_TOKEN];

	if (s->purpose != OTP_LOGIN || strcmp(s->channel, "email") != 0)
		return NULL;
	link_raw(raw, otp_key(0), flow, code_mac);
	b64url_encode(token, sizeof(token), raw, sizeof(raw));
	snprintf(link, OTP_LINK_MAX, "%s/api/auth/otp/link/?token=%s%s%s",
	    conf_str(CONF_PUBLIC_URL), token, s->next == NULL ? "" :
	    "&next=", s->next == NULL ? "" : s->next);
	secret_wipe(raw, sizeof(raw));
	secret_wipe(token, sizeof(token));
	return link;
}

/* The row behind a token whose code would still serve: 1, 0, -1. */
static int
find(struct db *db, struct arena *a, const char *token, struct otp_row *r,
    struct err *e)
{
	uint8_t shown[ID_N + MAC_N], want[ID_N + MAC_N];
	const uint8_t *key;
	bool ours = false;
	uint64_t id = 0;
	int rc;

	if (strlen(token) != OTP_LINK_TOKEN - 1 || b64url_decode(shown,
	    sizeof(shown), token, OTP_LINK_TOKEN - 1) != sizeof(shown))
		return 0;
	for (size_t i = 0; i < ID_N; i++)
		id = id << 8 | shown[i];
	if ((rc = otp_row_by_id(db, a, id, r, e)) <= 0)
		return rc;
	for (unsigned i = 0; (key = otp_key(i)) != NULL; i++) {
		link_raw(want, key, id, r->code_mac);
		ours |= secret_equal(want, sizeof(want), shown,
		    sizeof(shown));
	}
	return ours &&
	    otp_purpose_of(r->purpose) == OTP_LOGIN && r->user_id != 0 &&
	    r->used_at_us == 0 && r->expires_at_us > r->now_us;
}

int
otp_link_find(struct db *db, struct arena *a, const char *token,
    struct otp_flow *f, struct err *e)
{
	struct otp_row r;
	int rc = find(db, a, token, &r, e);

	if (rc == 1)
		otp_flow_of(f, &r);
	return rc;
}

int
otp_link_use(struct db *db, struct arena *a, const char *token,
    struct otp_flow *f, struct err *e)
{
	struct otp_row r;
	int rc;

	memset(f, 0, sizeof(*f));
	if ((rc = find(db, a, token, &r, e)) <= 0 ||
	    (rc = otp_row_use(db, &r, rand_id(), e)) <= 0)
		return rc;
	r.proved_at_us = r.now_us;
	otp_flow_of(f, &r);
	return 1;
}
