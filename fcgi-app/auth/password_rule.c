/*
 * password_rule.c - what a new password must be (S53, S54).
 */
#include "auth/password_own.h"

#include "auth/leaked.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/text.h"
#include "base/unicode.h"

#define POINTS_MIN	8
#define POINTS_MIN_LENGTH_RULE 15
#define POINTS_MAX	256

/* --- the rule ----------------------------------------------------------- */

char
password_undo(char c)
{
	static const char from[] = "@431!05$7", to[] = "aaeiiosst";
	const char *at;

	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	at = c == '\0' ? NULL : strchr(from, c);
	return at == NULL ? c : to[at - from];
}

/* Lower case, substitutions undone, only letters and digits kept; what is no
 * ASCII counts as letters. */
static void
folded(char *out, size_t cap, const char *s, bool undo)
{
	size_t n = 0;

	for (; *s != '\0' && n + 1 < cap; s++) {
		char c = undo ? password_undo(*s) : *s;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (unsigned char)c >= 0x80)
			out[n++] = c;
	}
	out[n] = '\0';
}

/* Does the password, as it is or with substitutions undone, hold a word about
 * the person or site, of five letters or more?  Of other scripts four will do:
 * they write fewer. */
static bool
has_word(const char *folded_password, const char *word, size_t n)
{
	char w[128], f[400], *nfc;
	bool has;

	if (n < 5 || n >= sizeof(w))
		return false;
	memcpy(w, word, n);
	w[n] = '\0';
	nfc = unicode_nfc(w);
	folded(f, sizeof(f), nfc, false);
	free(nfc);
	has = utf8_count(f) >= (strlen(f) > utf8_count(f) ? 4u : 5u);
	return has && strstr(folded_password, f) != NULL;
}

static bool
has_context_as(const char *password, const struct password_context *c,
    bool undo)
{
	char f[1100];
	const char *at, *site = conf_str(CONF_SITE_NAME);

	folded(f, sizeof(f), password, undo);
	if (has_word(f, site, strlen(site)))
		return true;
	if (c == NULL)
		return false;
	if (c->email != NULL && (at = strchr(c->email, '@')) != NULL &&
	    (has_word(f, c->email, (size_t)(at - c->email)) ||
	    has_word(f, at + 1, strcspn(at + 1, "."))))
		return true;
	/* The national digits: the last eight. */
	if (c->phone != NULL && strlen(c->phone) > 8 &&
	    strstr(f, c->phone + strlen(c->phone) - 8) != NULL)
		return true;
	return (c->first != NULL && has_word(f, c->first, strlen(c->first))) ||
	    (c->last != NULL && has_word(f, c->last, strlen(c->last)));
}

static bool
has_context(const char *password, const struct password_context *c)
{
	return has_context_as(password, c, false) ||
	    has_context_as(password, c, true);
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

/* --- patterns ------------------------------------------------------------- */

#define RUN_MIN		4	/* shorter runs are chance */
#define WORTH		2	/* what a run counts for, however long */
#define WORTH_MIN	5

/* Where a key stands: row and column, 0 none. */
static int
key_at(char c)
{
	static const char *const rows[] = { "1234567890-=", "qwertyuiop[]",
		"asdfghjkl;'", "zxcvbnm,./" };

	c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	for (size_t r = 0; c != '\0' && r < COUNT_OF(rows); r++) {
		const char *at = strchr(rows[r], c);

		if (at != NULL)
			return (int)(r + 1) * 100 + (int)(at - rows[r]);
	}
	return 0;
}

/* How `b` follows `a`: 1 same, 2 up, 3 down, 4 right key, 5 left key, 0. */
static unsigned
steps(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned kinds = 0;
	int ka, kb;
	char x, y;

	if (an == bn && memcmp(a, b, an) == 0)
		kinds |= 1u << 1;
	if (an != 1 || bn != 1)
		return kinds;
	x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
	y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
	ka = key_at(x);
	kb = key_at(y);
	kinds |= (x == y ? 1u << 1 : 0) | (y == x + 1 ? 1u << 2 : 0) |
	    (y == x - 1 ? 1u << 3 : 0);
	if (ka != 0 && kb != 0)
		kinds |= (kb == ka + 1 ? 1u << 4 : 0) |
		    (kb == ka - 1 ? 1u << 5 : 0);
	return kinds;
}

size_t
password_worth(const char *s, size_t left)
{
	const char *end = s + left;
	size_t total = 0, run = 1, n, last_n = 0;
	const char *last = NULL;
	unsigned kind = 0, now;

	for (; s < end; last = s, last_n = n, s += n) {
		if ((n = utf8_step(s, (size_t)(end - s))) == 0)
			n = 1;
		if (last == NULL)
			continue;
		now = steps(last, last_n, s, n);
		if ((run > 1 ? kind & now : now) != 0) {
			kind = run > 1 ? kind & now : now;
			run++;
			continue;
		}
		total += run >= RUN_MIN ? WORTH : run;
		run = 1;
		/* The next run may begin with the one before it. */
		kind = 0;
	}
	if (last == NULL)
		return 0;
	return total + (run >= RUN_MIN ? WORTH : run);
}

/* `nfc` is how it is hashed, `typed` how lists of leaked ones may have it. */
static int
rule(const char *field, const char *nfc, const char *typed,
    const struct password_context *c, struct err *e)
{
	bool length = strcmp(conf_str(CONF_PASSWORD_RULE), "length") == 0;
	size_t points = utf8_count(nfc), worth = password_worth(nfc,
	    strlen(nfc));
	int leaked;

	if (points < (length ? POINTS_MIN_LENGTH_RULE : POINTS_MIN))
		return err_field(e, field, length ? "passphrase_too_short" :
		    "password_too_short", "%zu code points", points);
	if (points > POINTS_MAX)
		return err_field(e, field, "password_too_long",
		    "%zu code points", points);
	if (!length && !has_classes(nfc))
		return err_field(e, field, "password_classes",
		    "a class is missing");
	if (worth < WORTH_MIN)
		return err_field(e, field, "password_pattern", "worth %zu",
		    worth);
	if (password_is_common(nfc))
		return err_field(e, field, "password_common",
		    "on the list of common passwords");
	if ((leaked = leaked_is(nfc, e)) == 0 && strcmp(nfc, typed) != 0)
		leaked = leaked_is(typed, e);
	if (leaked < 0)
		return -1;
	if (leaked)
		return err_field(e, field, "password_leaked",
		    "on the list of GATEPOST_LEAKED_FILE");
	if (has_context(nfc, c))
		return err_field(e, field, "password_context",
		    "holds a word about the person or the site");
	return 0;
}

int
password_rule(const char *field, const char *password,
    const struct password_context *c, struct err *e)
{
	char *nfc = unicode_nfc(password);
	int rc = rule(field, nfc, password, c, e);

	secret_wipe(nfc, strlen(nfc));
	free(nfc);
	return rc;
}
