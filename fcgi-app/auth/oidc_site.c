/*
 * oidc_site.c - discovery documents and key sets, kept by the process.
 *
 * What must stay true: a document counts only when it states the configured
 * issuer, letter by letter (S65); an issuer that is down or lies costs a
 * visitor one time-out and not the next ones, for a few seconds; somebody who
 * sends tokens of unknown keys does not make us ask for keys all the time.
 */
#include "auth/oidc_own.h"

#include "auth/outward.h"
#include "base/clock.h"
#include "base/text.h"

#define KEPT_MAX	6
#define AGE_MIN_S	60
#define AGE_MAX_S	3600
#define AGE_S		600
#define FAILED_US	(5 * US_PER_S)
#define AGAIN_US	(10 * US_PER_S)
#define SITE_MEMORY	((size_t)512 * 1024)

struct failure { int64_t us; struct err why; };	/* us 0: none */
struct kept {
	char		 issuer[201];
	struct arena	*doc_mem, *keys_mem;	/* what is below lives there */
	struct oidc_site site;
	const char	*jwks;
	struct jwk_set	 keys;
	int64_t		 doc_until_us, keys_until_us, again_us;
	struct failure	 doc_failed, keys_failed;
};
static struct kept kept[KEPT_MAX];

static struct kept *
of(const struct social_provider *p)
{
	static size_t next;
	struct kept *k;

	for (size_t i = 0; i < KEPT_MAX; i++)
		if (strcmp(kept[i].issuer, p->issuer) == 0)
			return &kept[i];
	k = &kept[next++ % KEPT_MAX];
	arena_free(k->doc_mem);
	arena_free(k->keys_mem);
	memset(k, 0, sizeof(*k));
	(void)text_copy(k->issuer, sizeof(k->issuer), p->issuer);
	return k;
}

static int64_t
until(long max_age_s)
{
	int64_t s = max_age_s < 0 ? AGE_S : max_age_s;

	s = s < AGE_MIN_S ? AGE_MIN_S : s > AGE_MAX_S ? AGE_MAX_S : s;
	return clock_mono() + s * US_PER_S;
}

static int
misconfigured(const struct social_provider *p, const char *what,
    struct err *e)
{
	err_set(e, ERR_UNAVAILABLE, "provider_misconfigured", "%s: %s",
	    p->name, what);
	e->retry_after_s = 60;
	return -1;
}

/* An https URL of the document, or NULL. */
static const char *
url_of(struct arena *a, const struct json *doc, const char *name)
{
	const char *s = json_str(json_get(doc, name));
	char host[256];
	int port;

	if (s == NULL || strchr(s, '#') != NULL ||
	    egress_host(s, host, sizeof(host), &port) < 0)
		return NULL;
	return arena_strdup(a, s);
}

static bool
lists(const struct json *list, const char *word)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const char *s = json_str(json_at(list, i));

		if (s != NULL && strcmp(s, word) == 0)
			return true;
	}
	return false;
}

static int
read_doc(struct kept *k, struct arena *mem, const struct social_provider *p,
    const struct json *doc, struct err *e)
{
	const char *iss = json_str(json_get(doc, "issuer"));
	const struct json *ways = json_get(doc,
	    "token_endpoint_auth_methods_supported");
	struct oidc_site s;
	const char *jwks;
	bool yes = false;

	if (iss == NULL || strcmp(iss, p->issuer) != 0)
		return misconfigured(p, "discovery states another issuer", e);
	s.authorize = url_of(mem, doc, "authorization_endpoint");
	s.token = url_of(mem, doc, "token_endpoint");
	s.userinfo = url_of(mem, doc, "userinfo_endpoint");
	jwks = url_of(mem, doc, "jwks_uri");
	if (s.authorize == NULL || s.token == NULL || jwks == NULL)
		return misconfigured(p, "discovery lacks an https endpoint",
		    e);
	/* Not stated means basic (Discovery §3). */
	s.basic = !lists(ways, "client_secret_post");
	s.states_iss = json_bool(json_get(doc,
	    "authorization_response_iss_parameter_supported"), &yes) && yes;
	k->site = s;
	k->jwks = jwks;
	return 0;
}

static int
load_doc(struct kept *k, const struct social_provider *p, struct err *e)
{
	struct arena *mem = arena_new(SITE_MEMORY);
	const struct outward o = { .url = arena_printf(mem,
	    "%s/.well-known/openid-configuration", p->issuer) };
	struct json *doc = NULL;
	long status, age;
	int rc = -1;

	if (outward_ask(mem, &o, &status, &doc, &age, e) < 0)
		goto out;
	if (status != 200 || json_type(doc) != JSON_OBJECT) {
		misconfigured(p, "no discovery document", e);
		goto out;
	}
	if (read_doc(k, mem, p, doc, e) < 0)
		goto out;
	arena_free(k->doc_mem);
	k->doc_mem = mem;
	k->doc_until_us = until(age);
	mem = NULL;
	rc = 0;
out:
	json_free(doc);
	arena_free(mem);
	return rc;
}

static int
load_keys(struct kept *k, const struct social_provider *p, struct err *e)
{
	struct arena *mem = arena_new(SITE_MEMORY);
	const struct outward o = { .url = k->jwks };
	struct json *doc = NULL;
	struct jwk_set set;
	const char *text;
	long status, age;
	int rc = -1;

	if (outward_ask(mem, &o, &status, &doc, &age, e) < 0)
		goto out;
	text = doc == NULL ? "" : json_text(mem, doc);
	if (status != 200 || jwk_set_read(&set, mem, text, strlen(text),
	    e) < 0 || set.n == 0) {
		misconfigured(p, "no key set", e);
		goto out;
	}
	arena_free(k->keys_mem);
	k->keys_mem = mem;
	k->keys = set;
	k->keys_until_us = until(age);
	mem = NULL;
	rc = 0;
out:
	json_free(doc);
	arena_free(mem);
	return rc;
}

/* It failed just now: the same answer, and nobody is asked. */
static bool
failed_lately(const struct failure *f, struct err *e)
{
	if (f->us == 0 || clock_mono() - f->us >= FAILED_US)
		return false;
	*e = f->why;
	return true;
}

static void
note(struct failure *f, int rc, const struct err *e)
{
	f->us = rc == 0 ? 0 : clock_mono();
	if (rc < 0)
		f->why = *e;
}

const struct oidc_site *
oidc_site(const struct social_provider *p, struct err *e)
{
	struct kept *k = of(p);
	int rc;

	if (k->doc_mem != NULL && clock_mono() < k->doc_until_us)
		return &k->site;
	if (failed_lately(&k->doc_failed, e))
		return NULL;
	rc = load_doc(k, p, e);
	note(&k->doc_failed, rc, e);
	return rc < 0 ? NULL : &k->site;
}

const struct jwk_set *
oidc_keys(const struct social_provider *p, bool again, struct err *e)
{
	struct kept *k = of(p);
	int64_t now = clock_mono();
	bool good = k->keys_mem != NULL && now < k->keys_until_us;
	int rc;

	if (again && (k->again_us == 0 || now - k->again_us > AGAIN_US)) {
		k->again_us = now;
		good = false;
	}
	if (good)
		return &k->keys;
	if (failed_lately(&k->keys_failed, e))
		return NULL;
	rc = load_keys(k, p, e);
	note(&k->keys_failed, rc, e);
	return rc < 0 ? NULL : &k->keys;
}
