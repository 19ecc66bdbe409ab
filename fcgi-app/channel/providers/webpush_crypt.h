/*
 * webpush_crypt.h - the encryption of a push message (RFC 8188, RFC 8291).
 * No I/O.  The sender's signature is in vapid.h.
 */
#ifndef GP_CHANNEL_WEBPUSH_CRYPT_H
#define GP_CHANNEL_WEBPUSH_CRYPT_H

#include "base/crypto.h"
#include "channel/providers/vapid.h"

/*
 * RFC 8291 §4: push services need not take more than 4096 bytes of body, so
 * 86 of header, 1 of delimiter and 16 of tag leave 3993.  Mozilla's bridge to
 * Android takes bodies of 2600: messages up to WEBPUSH_PLAIN_SAFE arrive
 * everywhere.
 */
#define WEBPUSH_BODY_MAX	4096
#define WEBPUSH_HEADER_N	86
#define WEBPUSH_OVERHEAD	(WEBPUSH_HEADER_N + 1 + 16)
#define WEBPUSH_PLAIN_MAX	(WEBPUSH_BODY_MAX - WEBPUSH_OVERHEAD)
#define WEBPUSH_PLAIN_SAFE	(2600 - WEBPUSH_OVERHEAD)

/* To whom: the keys of the browser's subscription. */
struct webpush_to {
	uint8_t	p256dh[65], auth[16];
};

/*
 * p256dh and auth as browsers and libraries write them (base64 of either
 * alphabet, with or without padding).  0, or -1 ERR_INPUT with the field at
 * fault: wrong length, compressed, not on the curve.
 */
int	 webpush_to_parse(struct webpush_to *to, const char *p256dh,
	    const char *auth, struct err *e) MUST_CHECK;

/*
 * The body of one push message: one aes128gcm record under a fresh key and
 * salt, padded so that the body is 512, 1024, 2048, 2600, 3072, 3584 or 4096
 * bytes.  out holds WEBPUSH_BODY_MAX.  0 and *out_n set; -1 with ERR_INPUT
 * "payload_too_large" (more than WEBPUSH_PLAIN_MAX) or "bad_key".
 */
int	 webpush_encrypt(uint8_t *out, size_t *out_n,
	    const struct webpush_to *to, const void *p, size_t n,
	    struct err *e) MUST_CHECK;

/*
 * The same with everything given: for RFC 8291's Appendix A and for tests.  A
 * pair of key and salt must never be used twice.  `pad` bytes of padding.
 */
struct webpush_fixed {
	const struct p256_key	*as_private;
	const uint8_t		*salt;		/* 16 bytes */
	size_t			 pad;
};
int	 webpush_encrypt_fixed(uint8_t *out, size_t *out_n,
	    const struct webpush_to *to, const struct webpush_fixed *fixed,
	    const void *p, size_t n, struct err *e) MUST_CHECK;

#endif
