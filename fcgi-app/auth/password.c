/*
 * password.c - Argon2id with a keyed pepper, and the rule for new passwords.
 *
 * Stored: $argon2id$v=19$m=…,t=…,p=1$salt$hash, prefixed by {pN} when pepper
 * key N was used.  The pepper is an HMAC of the password made before hashing,
 * so a stolen table without the key file cannot be guessed against.
 */
#include "auth/password.h"

#include <argon2.h>

#include "auth/lane.h"
#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"

#define SALT_BYTES	16
#define HASH_BYTES	32
#define POINTS_MIN	8
#define POINTS_MIN_LENGTH_RULE 15
#define POINTS_MAX	256
#define LANES		1

/* What Argon2 gets: the password, or its HMAC under the pepper. */
struct input {
	uint8_t		 mac[32];
	const void	*p;
	size_t		 n;
};

static void
input_fill(struct input *in, const char *password, bool peppered)
{
	const struct keyring *k = token_keys();

	if (!peppered) {
		in->p = password;
		in->n = strlen(password);
		return;
	}
	hmac_sha256(in->mac, k->pepper.key, sizeof(k->pepper.key), password,
	    strlen(password));
	in->p = in->mac;
	in->n = sizeof(in->mac);
}

int
password_hash(char out[PASSWORD_PHC_MAX], const char *password, struct err *e)
{
	const struct keyring *k = token_keys();
	uint8_t salt[SALT_BYTES];
	char prefix[8] = "";
	struct input in;
	size_t n;
	int rc;

	if (k->pepper.set)
		snprintf(prefix, sizeof(prefix), "{p%u}", k->pepper.id);
	n = strlen(prefix);
	memcpy(out, prefix, n + 1);
	input_fill(&in, password, k->pepper.set);
	rand_fill(salt, sizeof(salt));
	lane_enter();
	rc = argon2id_hash_encoded((uint32_t)conf_int(CONF_ARGON2_T),
	    (uint32_t)conf_int(CONF_ARGON2_M_KIB), LANES, in.p, in.n, salt,
	    sizeof(salt), HASH_BYTES, out + n, PASSWORD_PHC_MAX - n);
	lane_leave();
	secret_wipe(&in, sizeof(in));
	if (rc != ARGON2_OK)
		return err_set(e, rc == ARGON2_MEMORY_ALLOCATION_ERROR ?
		    ERR_UNAVAILABLE : ERR_INTERNAL, "hash_failed",
		    "argon2: %s", argon2_error_message(rc));
	return 0;
}

/* Are the PHC string's parameters the current ones? */
static bool
current(const char *phc, bool peppered)
{
	char want[64];

	snprintf(want, sizeof(want), "$argon2id$v=19$m=%" PRId64 ",t=%" PRId64
	    ",p=%d$", conf_int(CONF_ARGON2_M_KIB), conf_int(CONF_ARGON2_T),
	    LANES);
	return text_starts(phc, want) && peppered == token_keys()->pepper.set;
}

int
password_verify(const char *phc, const char *password, bool *rehash,
    struct err *e)
{
	const struct keyring *k = token_keys();
	char dummy[PASSWORD_PHC_MAX];
	uint64_t pepper_id = 0;
	const char *end;
	struct input in;
	char id[4];
	int rc;

	if (rehash != NULL)
		*rehash = false;
	if (phc == NULL)
		return password_hash(dummy, password, e) < 0 ? -1 : 0;
	if (text_starts(phc, "{p") && (end = strchr(phc, '}')) != NULL &&
	    end - phc - 2 < (int)sizeof(id)) {
		memcpy(id, phc + 2, (size_t)(end - phc - 2));
		id[end - phc - 2] = '\0';
		if (!text_u64(id, UINT8_MAX, &pepper_id) || !k->pepper.set ||
		    pepper_id != k->pepper.id)
			return err_set(e, ERR_CONFIG, "pepper_missing",
			    "a password needs pepper key %s", id);
		phc = end + 1;
	}
	input_fill(&in, password, pepper_id != 0);
	lane_enter();
	rc = argon2id_verify(phc, in.p, in.n);
	lane_leave();
	secret_wipe(&in, sizeof(in));
	switch (rc) {
	case ARGON2_OK:
		if (rehash != NULL)
			*rehash = !current(phc, pepper_id != 0);
		return 1;
	case ARGON2_VERIFY_MISMATCH:
		return 0;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
		return err_set(e, ERR_UNAVAILABLE, "hash_failed",
		    "argon2: out of memory");
	default:
		return err_set(e, ERR_INTERNAL, "hash_failed",
		    "argon2: %s", argon2_error_message(rc));
	}
}

/* --- the rule ----------------------------------------------------------- */

/*
 * What people try first, in lower case, letters and digits only: compared
 * after folding (common substitutions, everything else dropped).
 */
static const char *const common[] = {
	"password", "passwort", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"letmein", "welcome", "iloveyou", "dragon", "monkey", "football",
	"baseball", "sunshine", "princess", "superman", "batman", "master",
	"admin", "administrator", "root", "user", "guest", "test", "testtest",
	"changeme", "secret", "default", "login", "abc123", "abcd1234",
	"abcdefg", "abcdefgh", "aaaaaaaa", "12345678", "123456789",
	"1234567890", "11111111", "00000000", "87654321", "1q2w3e4r",
	"1qaz2wsx", "qazwsx", "qazwsxedc", "q1w2e3r4", "zaq12wsx", "trustno1",
	"michael", "jordan", "shadow", "hunter", "starwars", "freedom",
	"whatever", "computer", "internet", "samsung", "google", "facebook",
	"whatsapp", "iran", "tehran", "persepolis", "esteghlal", "allah",
	"salam", "khoda", "parol", "ramz",
};

static char
fold(char c)
{
	static const char from[] = "@431!05$7", to[] = "aaeiiosst";
	const char *at;

	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	at = c == '\0' ? NULL : strchr(from, c);
	return at == NULL ? c : to[at - from];
}

/* Lower case, substitutions undone, only letters and digits kept. */
static void
folded(char *out, size_t cap, const char *s, bool undo)
{
	size_t n = 0;

	for (; *s != '\0' && n + 1 < cap; s++) {
		char c = undo ? fold(*s) : *s;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n] = '\0';
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Is it a common word, as written, with substitutions undone, or before a
 * tail of digits and punctuation ("P@ssw0rd1!")? */
static bool
is_common(const char *password)
{
	char plain[300], undone[300], head[300], core[300];
	const char *try[] = { plain, undone, head, core };
	char cut[300];		/* the common words are shorter by far */
	size_t n;

	folded(plain, sizeof(plain), password, false);
	folded(undone, sizeof(undone), password, true);
	memcpy(head, plain, sizeof(head));
	for (n = strlen(head); n > 0 && head[n - 1] >= '0' &&
	    head[n - 1] <= '9'; n--)
		head[n - 1] = '\0';
	snprintf(cut, sizeof(cut), "%s", password);
	for (n = strlen(cut); n > 0 && !is_letter(cut[n - 1]); n--)
		cut[n - 1] = '\0';
	folded(core, sizeof(core), cut, true);
	secret_wipe(cut, sizeof(cut));
	for (size_t t = 0; t < COUNT_OF(try); t++)
		for (size_t i = 0; i < COUNT_OF(common); i++)
			if (strcmp(try[t], common[i]) == 0)
				return true;
	return false;
}

/* Does the password hold a word of ≥ 5 letters about the person or site? */
static bool
has_word(const char *folded_password, const char *word, size_t n)
{
	char w[64], f[64];

	if (n < 5 || n >= sizeof(w))
		return false;
	memcpy(w, word, n);
	w[n] = '\0';
	folded(f, sizeof(f), w, false);
	return strlen(f) >= 5 && strstr(folded_password, f) != NULL;
}

static bool
has_context(const char *password, const struct password_context *c)
{
	char f[600];
	const char *at, *site = conf_str(CONF_SITE_NAME);

	folded(f, sizeof(f), password, false);
	if (has_word(f, site, strlen(site)))
		return true;
	if (c == NULL)
		return false;
	if (c->email != NULL && (at = strchr(c->email, '@')) != NULL &&
	    has_word(f, c->email, (size_t)(at - c->email)))
		return true;
	/* The national digits: the last eight. */
	if (c->phone != NULL && strlen(c->phone) > 8 &&
	    strstr(f, c->phone + strlen(c->phone) - 8) != NULL)
		return true;
	return (c->first != NULL && has_word(f, c->first, strlen(c->first))) ||
	    (c->last != NULL && has_word(f, c->last, strlen(c->last)));
}

/* Upper, lower and punctuation, as the replaced systems published. */
static bool
has_classes(const char *s)
{
	bool upper = false, lower = false, punct = false;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		upper |= c >= 'A' && c <= 'Z';
		lower |= c >= 'a' && c <= 'z';
		punct |= c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') &&
		    !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
	}
	return upper && lower && punct;
}

int
password_rule(const char *field, const char *password,
    const struct password_context *c, struct err *e)
{
	bool length = strcmp(conf_str(CONF_PASSWORD_RULE), "length") == 0;
	size_t points = utf8_count(password);

	if (points < (length ? POINTS_MIN_LENGTH_RULE : POINTS_MIN))
		return err_field(e, field, "password_too_short",
		    "%zu code points", points);
	if (points > POINTS_MAX)
		return err_field(e, field, "password_too_long",
		    "%zu code points", points);
	if (!length && !has_classes(password))
		return err_field(e, field, "password_classes",
		    "a class is missing");
	if (is_common(password))
		return err_field(e, field, "password_common",
		    "on the list of common passwords");
	if (has_context(password, c))
		return err_field(e, field, "password_context",
		    "holds a word about the person or the site");
	return 0;
}
