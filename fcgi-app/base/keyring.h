/*
 * keyring.h - the key files of an installation (GATEPOST_KEY_DIR, 0600).
 *
 *   token/<kid>.key   32 bytes hex: access tokens, several at a time (S17);
 *                     first line hex, second line "use_from <unix s>",
 *                     third optional "verify_until <unix s>"
 *   refresh.key       HMAC of refresh tokens (D7); `refresh.prev.key` while
 *                     an old one still verifies (kid byte 1..255 in line 2)
 *   code.key          keyed HMAC of one-time codes (S28)
 *   code.next.key     the one to follow it, as a token key with use_from;
 *                     from then on code.key only verifies
 *   seal.key          AES-256-GCM of secrets in the database (D24)
 *   mac.key           everything else: throttle keys, idempotency bodies,
 *                     gate return addresses, audit rows, dummy choices
 *   pepper.key        password pepper, key id in line 2 (S55)
 *   pepper.ring       peppers that verify beside it, a line each:
 *                     "<id> <hex>"; a new one stands here before its first use
 *   vapid.pem         P-256 private key (PEM)
 *
 * Loaded by every process at start and reloaded when a file in it changes
 * (keyring_refresh, at most once a second).  Token keys whose verify_until has
 * passed are skipped; other names in token/ are ignored.  A file that group or
 * others may touch is refused.
 */
#ifndef GP_BASE_KEYRING_H
#define GP_BASE_KEYRING_H

#include "base/crypto.h"
#include "base/jws.h"

#define KEYRING_TOKENS_MAX	8
#define KEYRING_PEPPERS_MAX	32

struct keyring {
	struct jws_key	token[KEYRING_TOKENS_MAX];
	size_t		tokens;
	struct { uint8_t id; uint8_t key[32]; } refresh[2];
	size_t		refreshes;
	uint8_t		code[32], seal[32], mac[32];
	struct { uint8_t key[32]; int64_t use_from_us; bool set; } code_next;
	struct { uint8_t id; uint8_t key[32]; bool set; } pepper;
	struct { uint8_t id; uint8_t key[32]; } pepper_ring[
	    KEYRING_PEPPERS_MAX];
	size_t		peppers;		/* of the ring */
	struct p256_key	*vapid;			/* NULL when absent */
	uint8_t		vapid_public[65];
	char		vapid_public_b64[90];
	/* keyring.c's own: what the files looked like, and when. */
	uint64_t	seen, failed;
	int64_t		looked_us;
};

/* Load from a directory.  0, or -1 (ERR_CONFIG naming the file: absent, wrong
 * mode, malformed). */
int	 keyring_load(struct keyring *k, const char *dir, struct err *e)
	    MUST_CHECK;
/* Reload if files changed; failures keep the old keys and are logged.  May
 * replace k->vapid and the order of k->token: keep no pointers into *k. */
void	 keyring_refresh(struct keyring *k, const char *dir);
void	 keyring_free(struct keyring *k);
/* The token key to sign with now: the newest whose use_from has come. */
const struct jws_key *keyring_signer(const struct keyring *k, int64_t now_us);

/* Create whatever is missing (0600, never overwrites).  For gatepostctl and
 * quickstart.  Returns the number of files made or -1. */
int	 keyring_generate(const char *dir, struct err *e) MUST_CHECK;
/* Add a token key usable from `use_from_us`; ends the current ones' signing
 * then and their verifying at use_from + life_s, life_s being the life of an
 * access token.  Sets kid.  Running processes see the new key within about a
 * second: a use_from nearer than that makes them refuse tokens (S17).  Files
 * of keys that have ended are removed; -1 "too_many_keys" when as many still
 * verify as a ring holds. */
int	 keyring_rotate(const char *dir, int64_t use_from_us, int64_t life_s,
	    char kid[JWS_KID_MAX + 1], struct err *e) MUST_CHECK;
/*
 * Another pepper, in two steps with at least KEYRING_SEEN_S between them, so
 * that every process can verify by it before one hashes with it.  The first
 * puts a fresh key into the ring and sets *id; the second makes that the one
 * new hashes use; the one before stays in the ring.  0 or -1 (ERR_CONFIG; the
 * second: ring without that id).
 */
#define KEYRING_SEEN_S	3
int	 keyring_pepper_add(const char *dir, uint8_t *id, struct err *e)
	    MUST_CHECK;
int	 keyring_pepper_use(const char *dir, uint8_t id, struct err *e)
	    MUST_CHECK;
/* The keys that MACs of codes are looked for under: the 0th makes new ones; NULL
 * past the last. */
const uint8_t *keyring_code(const struct keyring *k, int64_t now_us,
	    unsigned i);
/* Another key for codes, from use_from_s on, which must leave every process
 * the second that it takes to see it.  0; -1 "too_soon" within
 * KEYRING_CODE_TURN_S of the last turn, which is longer than a code lives. */
#define KEYRING_CODE_TURN_S	900
int	 keyring_code_rotate(const char *dir, int64_t use_from_s,
	    struct err *e) MUST_CHECK;
/* The key of pepper `id`, or NULL. */
const uint8_t *keyring_pepper(const struct keyring *k, uint8_t id);

#endif
