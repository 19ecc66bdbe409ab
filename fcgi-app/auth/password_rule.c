/*
 * password_rule.c - what a new password must be (S53, S54).
 */
#include "auth/password.h"

#include "auth/leaked.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/text.h"

#define POINTS_MIN	8
#define POINTS_MIN_LENGTH_RULE 15
#define POINTS_MAX	256

/* --- the rule ----------------------------------------------------------- */

/*
 * What people try first, in lower case, letters and digits only: compared
 * after folding (common substitutions, everything else dropped).
 */
static const char *const common[] = {
#include "auth/password_words.def"
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

/* Does the password, as it is or with substitutions undone, hold a word of
 * ≥ 5 letters about the person or site? */
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
has_context_as(const char *password, const struct password_context *c,
    bool undo)
{
	char f[600];
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

/* Code points, a repeat, sequence or row of keys counting as two. */
static size_t
worth(const char *s)
{
	size_t total = 0, run = 1, n, last_n = 0;
	const char *last = NULL;
	unsigned kind = 0, now;

	for (; *s != '\0'; last = s, last_n = n, s += n) {
		if ((n = utf8_step(s, strlen(s))) == 0)
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
	return total + (run >= RUN_MIN ? WORTH : run);
}

int
password_rule(const char *field, const char *password,
    const struct password_context *c, struct err *e)
{
	bool length = strcmp(conf_str(CONF_PASSWORD_RULE), "length") == 0;
	size_t points = utf8_count(password);
	int leaked;

	if (points < (length ? POINTS_MIN_LENGTH_RULE : POINTS_MIN))
		return err_field(e, field, "password_too_short",
		    "%zu code points", points);
	if (points > POINTS_MAX)
		return err_field(e, field, "password_too_long",
		    "%zu code points", points);
	if (!length && !has_classes(password))
		return err_field(e, field, "password_classes",
		    "a class is missing");
	if (worth(password) < WORTH_MIN)
		return err_field(e, field, "password_pattern",
		    "worth %zu", worth(password));
	if (is_common(password))
		return err_field(e, field, "password_common",
		    "on the list of common passwords");
	if ((leaked = leaked_is(password, e)) < 0)
		return -1;
	if (leaked)
		return err_field(e, field, "password_leaked",
		    "on the list of GATEPOST_LEAKED_FILE");
	if (has_context(password, c))
		return err_field(e, field, "password_context",
		    "holds a word about the person or the site");
	return 0;
}
