/*
 * vapid.c - who sends: VAPID (RFC 8292).
 *
 * Signing costs about as much as the rest of a message, and push services ask
 * not to be given a new token for each (Apple: at most one an hour).
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/providers/vapid.h"

#include <ctype.h>
#include <strings.h>

#define LIFE_S		INT64_C(43200)		/* 12 h of the 24 allowed */
#define SUBJECT_MAX	200
#define PUBLIC_B64	B64_SIZE(65)
#define PEM_MAX		8192

struct token {
	char		origin[VAPID_ORIGIN_MAX];	/* "": free */
	char		value[VAPID_TOKEN_MAX + PUBLIC_B64 + 16];
	uint32_t	hash;
	uint64_t	used;			/* v->clock at the last use */
	int64_t		made_us;
};

struct vapid {
	struct p256_key	*key;
	char		 subject[SUBJECT_MAX + 1];
	char		 public_b64[PUBLIC_B64];
	struct token	 token[VAPID_ORIGINS];
	uint64_t	 clock, tokens_made;
};

/* --- the key of a setting ----------------------------------------------- */

/* PEM with its line ends perhaps written as \n. */
static struct p256_key *
from_pem(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text), *to = s;
	const char *from;

	for (from = s; *from != '\0'; from++)
		if (from[0] == '\\' && from[1] == 'n') {
			*to++ = '\n';
			from++;
		} else {
			*to++ = *from;
		}
	*to = '\0';
	return p256_from_pem(s, (size_t)(to - s));
}

static struct p256_key *
from_raw(const char *text)
{
	struct p256_key *k = NULL;
	uint8_t d[35];

	/* Lenient: tools write either alphabet, some with padding. */
	if (b64_decode_any(d, sizeof(d), text, strlen(text)) == 32)
		k = p256_from_raw(d);
	secret_wipe(d, sizeof(d));
	return k;
}

static bool
public_matches(const struct p256_key *k, const char *b64)
{
	uint8_t given[68], ours[65];

	p256_public(k, ours);
	return b64_decode_any(given, sizeof(given), b64, strlen(b64)) == 65 &&
	    memcmp(given, ours, sizeof(ours)) == 0;
}

struct p256_key *
vapid_key_parse(const char *text, const char *public_b64, struct err *e)
{
	struct arena *a = arena_new(4 * PEM_MAX);
	struct p256_key *k = NULL;
	char *s, *file;
	size_t n;

	if (strlen(text) > PEM_MAX) {
		err_set(e, ERR_CONFIG, "vapid_key", "VAPID_PRIVATE_KEY: "
		    "longer than any key");
		goto out;
	}
	s = text_trim(a, text);
	if (strstr(s, "-----BEGIN") != NULL) {
		k = from_pem(a, s);
	} else if ((k = from_raw(s)) == NULL && strchr("/.", s[0]) != NULL &&
	    s[0] != '\0') {
		if (file_read(a, s, PEM_MAX, &file, &n, e) < 0) {
			e->kind = ERR_CONFIG;
			goto out;
		}
		k = p256_from_pem(file, n);
	}
	if (k == NULL) {
		err_set(e, ERR_CONFIG, "vapid_key", "VAPID_PRIVATE_KEY: not "
		    "a P-256 key as PEM, path of a PEM, or 32 bytes base64");
		goto out;
	}
	if (public_b64 != NULL && *public_b64 != '\0' &&
	    !public_matches(k, text_trim(a, public_b64))) {
		p256_free(k);
		k = NULL;
		err_set(e, ERR_CONFIG, "vapid_key", "VAPID_PUBLIC_KEY does "
		    "not belong to VAPID_PRIVATE_KEY");
	}
out:
	arena_free(a);
	return k;
}

/* --- origin ------------------------------------------------------------- */

int
vapid_origin(char out[VAPID_ORIGIN_MAX], const char *endpoint, struct err *e)
{
	static const char scheme[] = "https://";
	const char *host, *p;
	uint64_t port = 443;
	char number[6];
	size_t n, len;

	if (strncasecmp(endpoint, scheme, sizeof(scheme) - 1) != 0)
		goto bad;
	host = endpoint + sizeof(scheme) - 1;
	n = strcspn(host, "/?#:");
	if (n == 0 || n > 253)
		goto bad;
	for (p = host; p < host + n; p++)
		if (!isascii((unsigned char)*p) ||
		    (!isalnum((unsigned char)*p) && *p != '.' && *p != '-'))
			goto bad;
	if (*p == ':') {
		len = strcspn(++p, "/?#");
		if (len == 0 || len >= sizeof(number))
			goto bad;
		memcpy(number, p, len);
		number[len] = '\0';
		if (!text_u64(number, 65535, &port) || port == 0)
			goto bad;
	}
	snprintf(out, VAPID_ORIGIN_MAX, "%s%.*s", scheme, (int)n, host);
	for (len = sizeof(scheme) - 1; len < sizeof(scheme) - 1 + n; len++)
		out[len] = (char)tolower((unsigned char)out[len]);
	if (port != 443)
		snprintf(out + len, VAPID_ORIGIN_MAX - len, ":%" PRIu64,
		    port);
	return 0;
bad:
	return err_field(e, "endpoint", "bad_endpoint",
	    "not a plain https URL");
}

/* --- tokens ------------------------------------------------------------- */

void
vapid_token(char out[VAPID_TOKEN_MAX], const struct p256_key *k,
    const char *origin, int64_t exp_s, const char *subject)
{
	static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	char claims[VAPID_ORIGIN_MAX + SUBJECT_MAX + 60];
	uint8_t sig[64];
	size_t n;
	int len;

	/* Nothing here needs escaping: vapid_origin and vapid_new saw to it. */
	len = snprintf(claims, sizeof(claims), "{\"aud\":\"%s\",\"exp\":%"
	    PRId64 ",\"sub\":\"%s\"}", origin, exp_s, subject);
	if (len < 0 || (size_t)len >= sizeof(claims))
		fatal("vapid: origin or subject too long");
	n = b64url_encode(out, VAPID_TOKEN_MAX, header, sizeof(header) - 1);
	out[n++] = '.';
	n += b64url_encode(out + n, VAPID_TOKEN_MAX - n, claims, (size_t)len);
	p256_sign(k, sig, out, n);
	out[n++] = '.';
	b64url_encode(out + n, VAPID_TOKEN_MAX - n, sig, sizeof(sig));
}

static bool
subject_valid(const char *s)
{
	size_t n = strlen(s), i;

	if (n > SUBJECT_MAX ||
	    (!(text_starts(s, "mailto:") && n > 7) &&
	    !(text_starts(s, "https://") && n > 8)))
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] > '~' ||
		    s[i] == '"' || s[i] == '\\')
			return false;
	return true;
}

struct vapid *
vapid_new(const struct p256_key *k, const char *subject, struct err *e)
{
	uint8_t d[32], point[65];
	struct vapid *v;

	if (!subject_valid(subject)) {
		err_set(e, ERR_CONFIG, "vapid_subject", "VAPID_SUBJECT: "
		    "must be mailto:address or https://page");
		return NULL;
	}
	if ((v = calloc(1, sizeof(*v))) == NULL)
		fatal("vapid: out of memory");
	p256_private(k, d);
	v->key = p256_from_raw(d);
	secret_wipe(d, sizeof(d));
	text_copy(v->subject, sizeof(v->subject), subject);
	p256_public(k, point);
	b64url_encode(v->public_b64, sizeof(v->public_b64), point,
	    sizeof(point));
	return v;
}

void
vapid_free(struct vapid *v)
{
	if (v == NULL)
		return;
	p256_free(v->key);
	secret_wipe(v, sizeof(*v));
	free(v);
}

const char *
vapid_public(const struct vapid *v)
{
	return v->public_b64;
}

uint64_t
vapid_signed(const struct vapid *v)
{
	return v->tokens_made;
}

static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

static bool
usable(const struct token *t, int64_t now_us)
{
	return now_us >= t->made_us &&
	    now_us - t->made_us < LIFE_S / 2 * US_PER_S;
}

const char *
vapid_authorization(struct vapid *v, const char *origin, int64_t now_us)
{
	struct token *t, *found = NULL, *oldest = &v->token[0];
	uint32_t h = hash(origin);
	char jwt[VAPID_TOKEN_MAX];

	for (t = v->token; t < v->token + VAPID_ORIGINS; t++) {
		if (t->hash == h && strcmp(t->origin, origin) == 0) {
			found = t;
			break;
		}
		if (t->used < oldest->used)
			oldest = t;
	}
	t = found != NULL ? found : oldest;
	t->used = ++v->clock;
	if (found != NULL && usable(t, now_us))
		return t->value;
	if (!text_copy(t->origin, sizeof(t->origin), origin))
		fatal("vapid: origin too long");
	vapid_token(jwt, v->key, origin, now_us / US_PER_S + LIFE_S,
	    v->subject);
	snprintf(t->value, sizeof(t->value), "vapid t=%s, k=%s", jwt,
	    v->public_b64);
	t->hash = h;
	t->made_us = now_us;
	v->tokens_made++;
	return t->value;
}
