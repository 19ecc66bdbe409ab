/*
 * password.c - Argon2id with a keyed pepper, and Argon2 of others.
 *
 * Stored: $argon2id$v=19$m=…,t=…,p=1$salt$hash, prefixed by {pN} when pepper
 * key N was used.  The pepper is an HMAC of the password made before hashing,
 * so a stolen table without the key file cannot be guessed against.
 */
#include "auth/password.h"

#include "auth/lane.h"
#include "auth/password_old.h"
#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "base/unicode.h"

#define SALT_BYTES	16
#define HASH_BYTES	32
#define LANES		1

/* What Argon2 gets: the password, or its HMAC under the pepper. */
struct input {
	uint8_t		 mac[32];
	const void	*p;
	size_t		 n;
};

/* `pepper` NULL: none. */
static void
input_fill(struct input *in, const char *password, const uint8_t *pepper)
{
	if (pepper == NULL) {
		in->p = password;
		in->n = strlen(password);
		return;
	}
	hmac_sha256(in->mac, pepper, 32, password, strlen(password));
	in->p = in->mac;
	in->n = sizeof(in->mac);
}

/* PHC's base64 has no padding. */
static void
put_b64(char *out, size_t cap, const uint8_t *p, size_t n)
{
	size_t len = strlen(out);

	if (cap - len < B64_SIZE(n))
		fatal("password: a string too long");
	len += b64_encode(out + len, cap - len, p, n);
	while (len > 0 && out[len - 1] == '=')
		out[--len] = '\0';
}

/* Of the text as it is. */
static int
hash_text(char out[PASSWORD_PHC_MAX], const char *password, struct err *e)
{
	const struct keyring *k = token_keys();
	struct old_hash o = { .kind = OLD_ARGON2ID,
	    .n = (uint64_t)conf_int(CONF_ARGON2_M_KIB),
	    .r = (uint32_t)conf_int(CONF_ARGON2_T), .p = LANES,
	    .salt_n = SALT_BYTES, .hash_n = HASH_BYTES };
	uint8_t hash[HASH_TAG_MAX];
	char prefix[8] = "";
	struct input in;
	size_t n;
	int rc;

	if (k->pepper.set)
		snprintf(prefix, sizeof(prefix), "{p%u}", k->pepper.id);
	input_fill(&in, password, k->pepper.set ? k->pepper.key : NULL);
	rand_fill(o.salt, SALT_BYTES);
	rc = lane_hash(&o, in.p, in.n, hash, e);
	secret_wipe(&in, sizeof(in));
	if (rc < 0)
		return -1;
	snprintf(out, PASSWORD_PHC_MAX, "%s$argon2id$v=19$m=%"
	    PRIu64 ",t=%u,p=%u$", prefix, o.n, o.r, o.p);
	put_b64(out, PASSWORD_PHC_MAX, o.salt, SALT_BYTES);
	n = strlen(out);
	out[n] = '$';
	out[n + 1] = '\0';
	put_b64(out, PASSWORD_PHC_MAX, hash, HASH_BYTES);
	return 0;
}

int
password_hash(char out[PASSWORD_PHC_MAX], const char *password, struct err *e)
{
	char *nfc = unicode_nfc(password);
	int rc = hash_text(out, nfc, e);

	secret_wipe(nfc, strlen(nfc));
	free(nfc);
	return rc;
}

/* Are the PHC string's parameters and pepper (0: none) the current ones? */
static bool
current(const char *phc, unsigned pepper_id)
{
	const struct keyring *k = token_keys();
	char want[64];

	snprintf(want, sizeof(want), "$argon2id$v=19$m=%" PRId64 ",t=%" PRId64
	    ",p=%d$", conf_int(CONF_ARGON2_M_KIB), conf_int(CONF_ARGON2_T),
	    LANES);
	return text_starts(phc, want) &&
	    pepper_id == (k->pepper.set ? k->pepper.id : 0);
}

static int
argon2_check(const struct old_hash *o, const struct input *in, struct err *e)
{
	uint8_t got[HASH_TAG_MAX];
	int rc = lane_hash(o, in->p, in->n, got, e);

	if (rc == 1)
		rc = secret_equal(got, o->hash_n, o->hash, o->hash_n);
	secret_wipe(got, sizeof(got));
	return rc;
}

/* The prefix {pN}: 1 and the key, 0 none, -1. */
static int
pepper_of(const char **phc, unsigned *id, const uint8_t **key, struct err *e)
{
	const char *end;
	uint64_t v = 0;
	char text[4];
	size_t n;

	*id = 0;
	*key = NULL;
	if (!text_starts(*phc, "{p"))
		return 0;
	end = strchr(*phc, '}');
	n = end == NULL ? sizeof(text) : (size_t)(end - *phc) - 2;
	if (n >= sizeof(text))
		return err_set(e, ERR_INTERNAL, "hash_failed",
		    "a broken prefix");
	memcpy(text, *phc + 2, n);
	text[n] = '\0';
	if (!text_u64(text, UINT8_MAX, &v) ||
	    (*key = keyring_pepper(token_keys(), (uint8_t)v)) == NULL)
		return err_set(e, ERR_CONFIG, "pepper_missing",
		    "a password needs pepper key %s", text);
	*id = (unsigned)v;
	*phc = end + 1;
	return 1;
}

static int
verify_text(const char *phc, const char *password, bool *rehash,
    struct err *e)
{
	char dummy[PASSWORD_PHC_MAX];
	uint8_t unused[HASH_TAG_MAX];
	const uint8_t *pepper;
	struct old_hash o;
	struct input in;
	unsigned id;
	int rc;

	*rehash = false;
	if (phc == NULL)
		return hash_text(dummy, password, e) < 0 ? -1 : 0;
	if (pepper_of(&phc, &id, &pepper, e) < 0)
		return -1;
	if (old_parse(phc, &o, e) < 0) {
		/* What is stored is no input of this request. */
		e->kind = ERR_INTERNAL;
		return -1;
	}
	if (o.kind >= OLD_ARGON2ID) {
		input_fill(&in, password, pepper);
		rc = argon2_check(&o, &in, e);
		secret_wipe(&in, sizeof(in));
	} else {
		rc = lane_hash(&o, password, strlen(password), unused, e);
	}
	if (rc == 1)
		*rehash = !current(phc, id);
	return rc;
}

int
password_verify(const char *phc, const char *password, bool *rehash,
    struct err *e)
{
	char *nfc = unicode_nfc(password);
	bool again;
	int rc = verify_text(phc, nfc, &again, e);

	/* Others hashed what the keyboard gave.  Which hashes are theirs is not
	 * asked, so that nobody's costs the same. */
	if (rc == 0 && strcmp(nfc, password) != 0) {
		rc = verify_text(phc, password, &again, e);
		again = rc == 1;
	}
	if (rehash != NULL)
		*rehash = rc == 1 && again;
	secret_wipe(nfc, strlen(nfc));
	free(nfc);
	return rc;
}
