/*
 * password_mix.c - what a sign-in that knows no hash costs (S22, D9).
 *
 * An identifier without a hash is given one of the kinds that the accounts
 * have, always the same while the mix stays: by its HMAC, in proportion to
 * the accounts of each kind.  Ours come first in the order, so that as
 * imported hashes are replaced, identifiers only ever go over to ours, as
 * accounts do.
 */
#include "auth/password.h"

#include "auth/password_old.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "store/password_mix.h"

#define LOOK_US		(60 * US_PER_S)
#define CHUNK		512u
#define CHUNKS		40u		/* 20,480 accounts looked at */

/* This process's copy. */
static struct password_mix mix[PASSWORD_MIX_MAX];
static int kinds;
static int64_t looked_us;

static bool
is_ours(const char *blank)
{
	return text_starts(blank, "{p") || text_starts(blank, "$argon2id$");
}

static int
load(struct db *db, struct err *e)
{
	int64_t now = clock_mono();
	int n;

	if (looked_us != 0 && now - looked_us < LOOK_US)
		return 0;
	if ((n = password_mix_all(db, mix, e)) < 0)
		return -1;
	kinds = n;
	looked_us = now;
	return 0;
}

void
password_mix_forget(void)
{
	looked_us = 0;
}

/* The kind of nobody's hash, or NULL for ours at present parameters. */
static const char *
draw(const char *who)
{
	const struct crypto_part part[] = { { "dummy", 6 },
		{ who, strlen(who) } };
	uint64_t total = 0, at = 0, v;
	uint8_t mac[32];

	for (int i = 0; i < kinds; i++)
		total += mix[i].n;
	if (total == 0)
		return NULL;
	hmac_sha256_parts(mac, token_keys()->mac, sizeof(token_keys()->mac),
	    part, COUNT_OF(part));
	memcpy(&v, mac, sizeof(v));
	v = (uint64_t)(((unsigned __int128)v * total) >> 64);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < kinds; i++) {
			if (is_ours(mix[i].blank) != (pass == 0))
				continue;
			at += mix[i].n;
			if (v < at)
				return mix[i].blank;
		}
	return NULL;
}

const char *
password_dummy_kind(struct db *db, const char *who, struct err *e)
{
	return load(db, e) < 0 ? NULL : draw(who);
}

int
password_try(struct db *db, const char *phc, const char *who,
    const char *password, bool *rehash, struct err *e)
{
	int rc;

	/* Whatever there is: the same look at the mix. */
	if (load(db, e) < 0)
		return -1;
	if (phc != NULL)
		return password_verify(phc, password, rehash, e);
	*rehash = false;
	rc = password_verify(draw(who), password, NULL, e);
	if (rc < 0 && e->kind == ERR_CONFIG) {
		/* A pepper that is gone: hashes of its time cannot be tried
		 * either. */
		err_clear(e);
		rc = password_verify(NULL, password, NULL, e);
	}
	return rc < 0 ? -1 : 0;
}

/* --- counting ------------------------------------------------------------------ */

struct count {
	struct password_mix row[PASSWORD_MIX_MAX];
	size_t	 n;
};

static void
see(void *arg, const char *hash)
{
	char blank[PASSWORD_PHC_MAX];
	struct count *c = arg;
	size_t i;

	if (strlen(hash) >= sizeof(blank) || !old_blank(hash, blank))
		return;
	for (i = 0; i < c->n; i++)
		if (strcmp(c->row[i].blank, blank) == 0)
			break;
	if (i == PASSWORD_MIX_MAX)
		return;
	if (i == c->n) {
		c->n++;
		(void)text_copy(c->row[i].blank, sizeof(c->row[i].blank),
		    blank);
		c->row[i].n = 0;
	}
	c->row[i].n++;
}

int
password_mix_count(struct db *db, struct err *e)
{
	struct count *c = calloc(1, sizeof(*c));
	uint64_t low, high, from, next = 0;
	int rc = -1;

	if (c == NULL)
		return err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "out of memory");
	if (password_mix_range(db, &low, &high, e) < 0)
		goto out;
	from = low;
	for (unsigned i = 0; i < CHUNKS && high != 0; i++) {
		/* Few: all of them.  Many: pieces of equal distance. */
		if (high - low >= CHUNK * CHUNKS)
			from = low + (high - low) / CHUNKS * i;
		if (password_mix_sample(db, from, CHUNK, see, c, &next,
		    e) < 0)
			goto out;
		if (next == 0)
			break;
		from = next;
	}
	rc = password_mix_replace(db, c->row, c->n, e);
out:
	free(c);
	return rc;
}
