/*
 * password_old.c - see password_old.h.  What is computed here is bounded by
 * old_parse, and by the lane its caller holds.
 */
#include "auth/password_old.h"

#include <crypt.h>

#include "base/conf.h"
#include "base/crypto.h"
#include "base/text.h"

#define ROUNDS_MAX	2000000u
#define BCRYPT_COST_MAX	15u
#define ARGON2_T_MAX	20u
#define ARGON2_P_MAX	16u
#define SCRYPT_P_MAX	16u
#define MIB		((uint64_t)1024 * 1024)
#define BCRYPT_TEXT	60	/* $2b$12$ and 53 characters */

static int
bad(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "bad_hash", "%s", why);
}

static int
costly(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "hash_too_costly", "%s", what);
}

/* The next part up to `end`, copied; false when there is none or no room. */
static bool
part(const char **s, char end, char *out, size_t cap)
{
	const char *at = end == '\0' ? *s + strlen(*s) : strchr(*s, end);

	if (at == NULL || (size_t)(at - *s) >= cap)
		return false;
	memcpy(out, *s, (size_t)(at - *s));
	out[at - *s] = '\0';
	*s = *at == '\0' ? at : at + 1;
	return true;
}

static bool
number(const char **s, char end, uint64_t max, uint64_t *v)
{
	char text[24];

	return part(s, end, text, sizeof(text)) && text_u64(text, max, v);
}

static int
hash_value(struct old_hash *o, const char *s, struct err *e)
{
	ssize_t n = b64_decode_any(o->hash, sizeof(o->hash), s, strlen(s));

	if (n < 16)
		return bad(e, "the value is no base64 of 16 to 64 bytes");
	o->hash_n = (size_t)n;
	return 0;
}

/* Django's salts are text. */
static bool
text_salt(const char **s, struct old_hash *o)
{
	char salt[sizeof(o->salt) + 1];

	if (!part(s, '$', salt, sizeof(salt)))
		return false;
	o->salt_n = strlen(salt);
	memcpy(o->salt, salt, o->salt_n);
	return true;
}

static int
parse_pbkdf2(const char *s, struct old_hash *o, struct err *e)
{
	if (!number(&s, '$', UINT32_MAX, &o->n) || o->n == 0 ||
	    !text_salt(&s, o))
		return bad(e, "not pbkdf2_…$rounds$salt$hash");
	if (o->n > ROUNDS_MAX)
		return costly(e, "more than 2,000,000 PBKDF2 rounds");
	if (hash_value(o, s, e) < 0)
		return -1;
	return o->hash_n == (o->kind == OLD_PBKDF2_SHA1 ? 20u : 32u) ? 0 :
	    bad(e, "the value has another length than the digest");
}

static int
parse_bcrypt(const char *s, struct old_hash *o, struct err *e)
{
	static const char alphabet[] = "./0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (strlen(s) != BCRYPT_TEXT || s[0] != '$' || s[1] != '2' ||
	    strchr("aby", s[2]) == NULL || s[3] != '$' || s[6] != '$' ||
	    s[4] < '0' || s[4] > '9' || s[5] < '0' || s[5] > '9' ||
	    strspn(s + 7, alphabet) != BCRYPT_TEXT - 7)
		return bad(e, "not $2b$cost$ and 53 characters");
	o->n = (uint64_t)(s[4] - '0') * 10 + (uint64_t)(s[5] - '0');
	o->text = s;
	if (o->n < 4)
		return bad(e, "bcrypt's cost is 4 at least");
	return o->n > BCRYPT_COST_MAX ? costly(e, "bcrypt cost over 15") : 0;
}

static int
scrypt_cost(const struct old_hash *o, struct err *e)
{
	if (o->n < 2 || (o->n & (o->n - 1)) != 0 || o->r == 0 || o->p == 0)
		return bad(e, "scrypt's N is no power of two, or r or p 0");
	if (o->n > UINT32_MAX || o->r > 64 || o->p > SCRYPT_P_MAX ||
	    128 * o->n * o->r >
	    (uint64_t)conf_int(CONF_HASH_MEMORY_MIB) * MIB)
		return costly(e, "scrypt past GATEPOST_HASH_MEMORY_MIB or "
		    "p 16");
	return 0;
}

static int
parse_scrypt(const char *s, struct old_hash *o, struct err *e)
{
	uint64_t r = 0, p = 0;

	if (!number(&s, '$', UINT64_MAX / 2, &o->n) || !text_salt(&s, o) ||
	    !number(&s, '$', UINT32_MAX, &r) ||
	    !number(&s, '$', UINT32_MAX, &p))
		return bad(e, "not scrypt$N$salt$r$p$hash");
	o->r = (uint32_t)r;
	o->p = (uint32_t)p;
	return scrypt_cost(o, e) < 0 ? -1 : hash_value(o, s, e);
}

static int
parse_scrypt_phc(const char *s, struct old_hash *o, struct err *e)
{
	uint64_t ln = 0, r = 0, p = 0;
	char salt[100];
	ssize_t n;

	if (!text_starts(s, "ln=") || (s += 3, !number(&s, ',', 63, &ln)) ||
	    !text_starts(s, "r=") ||
	    (s += 2, !number(&s, ',', UINT32_MAX, &r)) ||
	    !text_starts(s, "p=") ||
	    (s += 2, !number(&s, '$', UINT32_MAX, &p)) ||
	    !part(&s, '$', salt, sizeof(salt)) ||
	    (n = b64_decode_any(o->salt, sizeof(o->salt), salt,
	    strlen(salt))) < 0)
		return bad(e, "not $scrypt$ln=,r=,p=$salt$hash");
	o->salt_n = (size_t)n;
	o->n = (uint64_t)1 << ln;
	o->r = (uint32_t)r;
	o->p = (uint32_t)p;
	return scrypt_cost(o, e) < 0 ? -1 : hash_value(o, s, e);
}

/* `s` is $argon2…; n is m, r is t. */
static int
parse_argon2(const char *s, struct old_hash *o, struct err *e)
{
	uint64_t v = 0, t = 0, p = 0;
	char salt[100];
	ssize_t n;

	s = strchr(s + 1, '$');
	if (s == NULL || (s++, !text_starts(s, "v=")) ||
	    (s += 2, !number(&s, '$', 19, &v)) || v != 19 ||
	    !text_starts(s, "m=") ||
	    (s += 2, !number(&s, ',', UINT32_MAX, &o->n)) ||
	    !text_starts(s, "t=") ||
	    (s += 2, !number(&s, ',', UINT32_MAX, &t)) ||
	    !text_starts(s, "p=") ||
	    (s += 2, !number(&s, '$', UINT32_MAX, &p)) || o->n < 8 ||
	    t == 0 || p == 0 || !part(&s, '$', salt, sizeof(salt)) ||
	    (n = b64_decode_any(o->salt, sizeof(o->salt), salt,
	    strlen(salt))) < 8)
		return bad(e, "not $argon2id$v=19$m=,t=,p=$salt$hash");
	if (o->n > (uint64_t)conf_int(CONF_HASH_MEMORY_MIB) * 1024 ||
	    t > ARGON2_T_MAX || p > ARGON2_P_MAX)
		return costly(e, "Argon2 past GATEPOST_HASH_MEMORY_MIB, t 20 "
		    "or p 16");
	o->r = (uint32_t)t;
	o->p = (uint32_t)p;
	o->salt_n = (size_t)n;
	return hash_value(o, s, e);
}

static const struct {
	const char	*start;
	size_t		 skip;		/* to where `parse` begins */
	enum old_kind	 kind;
	int		(*parse)(const char *s, struct old_hash *o,
	    struct err *e);
} form[] = {
	{ "pbkdf2_sha256$", 14, OLD_PBKDF2_SHA256, parse_pbkdf2 },
	{ "pbkdf2_sha1$", 12, OLD_PBKDF2_SHA1, parse_pbkdf2 },
	{ "bcrypt_sha256$", 14, OLD_BCRYPT_SHA256, parse_bcrypt },
	{ "bcrypt$", 7, OLD_BCRYPT, parse_bcrypt },
	{ "$2", 0, OLD_BCRYPT, parse_bcrypt },
	{ "scrypt$", 7, OLD_SCRYPT, parse_scrypt },
	{ "$scrypt$", 8, OLD_SCRYPT, parse_scrypt_phc },
	{ "argon2$argon2id$", 6, OLD_ARGON2ID, parse_argon2 },
	{ "argon2$argon2i$", 6, OLD_ARGON2I, parse_argon2 },
	{ "argon2$argon2d$", 6, OLD_ARGON2D, parse_argon2 },
	{ "$argon2id$", 0, OLD_ARGON2ID, parse_argon2 },
	{ "$argon2i$", 0, OLD_ARGON2I, parse_argon2 },
	{ "$argon2d$", 0, OLD_ARGON2D, parse_argon2 },
};

int
old_parse(const char *s, struct old_hash *o, struct err *e)
{
	memset(o, 0, sizeof(*o));
	if (strlen(s) > 255)
		return bad(e, "longer than 255 characters");
	for (const char *c = s; *c != '\0'; c++)
		if (*c < '!' || *c > '~')
			return bad(e, "a character outside printable ASCII");
	for (size_t i = 0; i < COUNT_OF(form); i++)
		if (text_starts(s, form[i].start)) {
			o->kind = form[i].kind;
			/* "argon2$" leaves its second dollar to the PHC. */
			return form[i].parse(s + form[i].skip, o, e);
		}
	return bad(e, "no hash that is known here");
}

/* --- computing --------------------------------------------------------------- */

static int
bcrypt_verify(const struct old_hash *o, const char *password, struct err *e)
{
	struct crypt_data *d = calloc(1, sizeof(*d));
	char hex[65];
	uint8_t digest[32];
	const char *got;
	int rc;

	if (d == NULL)
		return err_set(e, ERR_UNAVAILABLE, "hash_failed",
		    "crypt: out of memory");
	if (o->kind == OLD_BCRYPT_SHA256) {
		sha256(digest, password, strlen(password));
		hex_encode(hex, digest, sizeof(digest));
		password = hex;
	}
	/* The check is libcrypt's own name for what it can read.  It also keeps
	 * the library linked where a sanitizer stands in for crypt_r. */
	got = crypt_checksalt(o->text) == CRYPT_SALT_INVALID ? NULL :
	    crypt_r(password, o->text, d);
	rc = got == NULL || got[0] == '*' ? err_set(e, ERR_INTERNAL,
	    "hash_failed", "crypt refuses the hash") :
	    secret_equal(got, strlen(got), o->text, strlen(o->text));
	secret_wipe(d, sizeof(*d));
	secret_wipe(hex, sizeof(hex));
	secret_wipe(digest, sizeof(digest));
	free(d);
	return rc;
}

int
old_verify(const struct old_hash *o, const char *password, struct err *e)
{
	uint8_t got[sizeof(o->hash)];
	int rc;

	switch (o->kind) {
	case OLD_BCRYPT:
	case OLD_BCRYPT_SHA256:
		return bcrypt_verify(o, password, e);
	case OLD_PBKDF2_SHA1:
	case OLD_PBKDF2_SHA256:
		kdf_pbkdf2(got, o->hash_n, o->kind == OLD_PBKDF2_SHA1 ?
		    KDF_SHA1 : KDF_SHA256, password, o->salt, o->salt_n,
		    (unsigned)o->n);
		break;
	case OLD_SCRYPT:
		if (kdf_scrypt(got, o->hash_n, password, o->salt, o->salt_n,
		    o->n, o->r, o->p) < 0)
			return err_set(e, ERR_UNAVAILABLE, "hash_failed",
			    "scrypt: out of memory");
		break;
	default:
		return err_set(e, ERR_INTERNAL, "hash_failed",
		    "Argon2 came to the wrong place");
	}
	rc = secret_equal(got, o->hash_n, o->hash, o->hash_n);
	secret_wipe(got, sizeof(got));
	return rc;
}

/* --- what costs the same -------------------------------------------------------- */

bool
old_blank(const char *s, char *out)
{
	const char *body = s, *last;
	struct err e = ERR_INIT;
	struct old_hash o;
	size_t from, n = strlen(s);

	if (text_starts(s, "{p") && strchr(s, '}') != NULL)
		body = strchr(s, '}') + 1;
	if (old_parse(body, &o, &e) < 0)
		return false;
	memcpy(out, s, n + 1);
	if (o.kind == OLD_BCRYPT || o.kind == OLD_BCRYPT_SHA256) {
		/* crypt(3) wants the last bits of the salt clear: "." */
		memset(out + (o.text - s) + 7, '.', BCRYPT_TEXT - 7);
		return true;
	}
	/* The value, and the salt unless other numbers stand between. */
	last = strrchr(s, '$');
	from = (size_t)(last - s) + 1;
	for (size_t i = from; i < n && out[i] != '='; i++)
		out[i] = 'A';
	if (text_starts(s, "scrypt$")) {
		from = (size_t)(strchr(s + 7, '$') - s) + 1;
		last = strchr(s + from, '$');
	} else {
		for (from--; from > 0 && s[from - 1] != '$'; from--)
			;
	}
	for (size_t i = from; i < (size_t)(last - s) && out[i] != '='; i++)
		out[i] = 'A';
	return true;
}
