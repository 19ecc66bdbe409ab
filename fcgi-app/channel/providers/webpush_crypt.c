/*
 * webpush_crypt.c - encryption of push messages: RFC 8291 over RFC 8188.
 * vapid.c signs.
 *
 * One record only, so its nonce is used as derived (sequence number 0) and
 * its delimiter is 2, "last".  The key pair is fresh for each message: with
 * a new key and salt the GCM key is new, and no nonce can ever repeat.
 */
#include "channel/providers/webpush_crypt.h"
#include "base/rand.h"
#include "base/text.h"

#define RECORD_SIZE	4096	/* rs: more than any record of ours */
#define SALT_N		16
#define POINT_N		65
#define LAST_RECORD	2

int
webpush_to_parse(struct webpush_to *to, const char *p256dh, const char *auth,
    struct err *e)
{
	uint8_t key[POINT_N + 3], secret[19];

	if (b64_decode_any(key, sizeof(key), p256dh, strlen(p256dh)) !=
	    POINT_N)
		return err_field(e, "p256dh", "bad_key",
		    "p256dh is not 65 bytes of base64");
	if (!p256_point_valid(key))
		return err_field(e, "p256dh", "bad_key",
		    "p256dh is not a point of P-256");
	if (b64_decode_any(secret, sizeof(secret), auth, strlen(auth)) != 16)
		return err_field(e, "auth", "bad_key",
		    "auth is not 16 bytes of base64");
	memcpy(to->p256dh, key, sizeof(to->p256dh));
	memcpy(to->auth, secret, sizeof(to->auth));
	return 0;
}

/* RFC 8291 §3.4: the content encryption key and its nonce. */
static int
derive(uint8_t cek[16], uint8_t nonce[12], const struct webpush_to *to,
    const struct p256_key *as, const uint8_t as_public[POINT_N],
    const uint8_t salt[SALT_N])
{
	static const char cek_info[] = "Content-Encoding: aes128gcm";
	static const char nonce_info[] = "Content-Encoding: nonce";
	static const char label[] = "WebPush: info";
	uint8_t info[sizeof(label) + 2 * POINT_N], shared[32], ikm[32];

	if (p256_derive(shared, as, to->p256dh) < 0)
		return -1;
	/* Each string goes with its NUL, as the RFC has it. */
	memcpy(info, label, sizeof(label));
	memcpy(info + sizeof(label), to->p256dh, POINT_N);
	memcpy(info + sizeof(label) + POINT_N, as_public, POINT_N);
	hkdf_sha256(ikm, sizeof(ikm), to->auth, sizeof(to->auth), shared,
	    sizeof(shared), info, sizeof(info));
	hkdf_sha256(cek, 16, salt, SALT_N, ikm, sizeof(ikm), cek_info,
	    sizeof(cek_info));
	hkdf_sha256(nonce, 12, salt, SALT_N, ikm, sizeof(ikm), nonce_info,
	    sizeof(nonce_info));
	secret_wipe(shared, sizeof(shared));
	secret_wipe(ikm, sizeof(ikm));
	return 0;
}

int
webpush_encrypt_fixed(uint8_t *out, size_t *out_n,
    const struct webpush_to *to, const struct webpush_fixed *fixed,
    const void *p, size_t n, struct err *e)
{
	uint8_t cek[16], nonce[12], *as_public = out + SALT_N + 5;
	uint8_t *record = out + WEBPUSH_HEADER_N;

	*out_n = 0;
	if (n > WEBPUSH_PLAIN_MAX || fixed->pad > WEBPUSH_PLAIN_MAX - n)
		return err_set(e, ERR_INPUT, "payload_too_large",
		    "%zu bytes; at most %d", n, WEBPUSH_PLAIN_MAX);
	/* RFC 8188 §2.1: salt, rs, idlen, keyid. */
	memcpy(out, fixed->salt, SALT_N);
	out[SALT_N] = RECORD_SIZE >> 24;
	out[SALT_N + 1] = RECORD_SIZE >> 16 & 0xff;
	out[SALT_N + 2] = RECORD_SIZE >> 8 & 0xff;
	out[SALT_N + 3] = RECORD_SIZE & 0xff;
	out[SALT_N + 4] = POINT_N;
	p256_public(fixed->as_private, as_public);
	if (derive(cek, nonce, to, fixed->as_private, as_public,
	    fixed->salt) < 0)
		return err_set(e, ERR_INPUT, "bad_key",
		    "p256dh is not a point of P-256");
	memmove(record, p, n);
	record[n] = LAST_RECORD;
	memset(record + n + 1, 0, fixed->pad);
	aes128gcm_encrypt(record, cek, nonce, record, n + 1 + fixed->pad);
	*out_n = WEBPUSH_OVERHEAD + n + fixed->pad;
	secret_wipe(cek, sizeof(cek));
	secret_wipe(nonce, sizeof(nonce));
	return 0;
}

int
webpush_encrypt(uint8_t *out, size_t *out_n, const struct webpush_to *to,
    const void *p, size_t n, struct err *e)
{
	static const size_t steps[] = { 512, 1024, 2048, 2600, 3072, 3584,
	    WEBPUSH_BODY_MAX };
	uint8_t salt[SALT_N];
	struct webpush_fixed fixed = { .salt = salt };
	struct p256_key *k;
	size_t i;
	int rc;

	for (i = 0; i < COUNT_OF(steps); i++)
		if (n + WEBPUSH_OVERHEAD <= steps[i])
			break;
	if (i < COUNT_OF(steps))	/* else the call below refuses */
		fixed.pad = steps[i] - WEBPUSH_OVERHEAD - n;
	rand_fill(salt, sizeof(salt));
	fixed.as_private = k = p256_new();
	rc = webpush_encrypt_fixed(out, out_n, to, &fixed, p, n, e);
	p256_free(k);
	return rc;
}
