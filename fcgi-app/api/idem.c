/*
 * idem.c - Idempotency-Key (D25): the same key and body replays, the same key
 * with another body is 422.
 *
 * What must stay true: scope, key and body are kept as keyed HMACs only, and
 * the body that counts is the bound one.
 */
#include "api/idem.h"

#include "api/dispatch_own.h"
#include "auth/token.h"
#include "base/burst.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/shm.h"
#include "store/idempotency.h"

#define KEY_MIN		16
#define KEY_MAX		255

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

static void
mac_parts(uint8_t *out, size_t out_n, const char *purpose,
    const struct crypto_part *part, size_t n, struct arena *a)
{
	struct crypto_part *all = arena_array(a, n + 1, sizeof(*all));
	uint8_t mac[32];

	all[0] = (struct crypto_part){ purpose, strlen(purpose) + 1 };
	if (n > 0)
		memcpy(all + 1, part, n * sizeof(*part));
	hmac_sha256_parts(mac, token_keys()->mac, sizeof(token_keys()->mac),
	    all, n + 1);
	memcpy(out, mac, out_n);
}

/* The caller; without one the route and address. */
static void
make_scope(struct call *c)
{
	const struct caller *w = &c->who;
	uint64_t id[2] = { w->kind, w->kind == CALLER_ADMIN_TOKEN ?
	    w->token_id : w->user_id };
	const struct crypto_part known[] = { { id, sizeof(id) } };
	const struct crypto_part anonymous[] = {
		{ id, sizeof(id) },
		{ c->route->path, strlen(c->route->path) + 1 },
		{ c->req->addr_key, sizeof(c->req->addr_key) },
	};

	if (w->kind == CALLER_NOBODY)
		mac_parts(c->idem_scope, sizeof(c->idem_scope), "idem scope",
		    anonymous, COUNT_OF(anonymous), c->arena);
	else
		mac_parts(c->idem_scope, sizeof(c->idem_scope), "idem scope",
		    known, COUNT_OF(known), c->arena);
}

/* Method, template and parameters count: one key serves one request only. */
static void
make_body_mac(struct call *c)
{
	size_t n = 0;
	const struct crypto_part *body = bind_digest(&c->bound, c->arena, &n);
	struct crypto_part *part = arena_array(c->arena,
	    n + 1 + MATCH_PARAMS, sizeof(*part));
	const char *head = arena_printf(c->arena, "%d %s",
	    (int)c->route->method, c->route->path);
	size_t k = 0;

	part[k++] = (struct crypto_part){ head, strlen(head) + 1 };
	for (size_t i = 0; i < MATCH_PARAMS; i++)
		if (c->param[i] != NULL)
			part[k++] = (struct crypto_part){ c->param[i],
			    strlen(c->param[i]) + 1 };
	if (n > 0)
		memcpy(part + k, body, n * sizeof(*part));
	mac_parts(c->idem_mac, sizeof(c->idem_mac), "idem body", part, k + n,
	    c->arena);
}

int
idem_read(struct call *c, struct err *e)
{
	const char *key = c->req->idempotency_key;
	const struct crypto_part part[] = { { key, strlen(key) } };

	c->idem = false;
	if (c->route->idem != IDEM_YES || key[0] == '\0')
		return 0;
	if (strlen(key) < KEY_MIN || strlen(key) > KEY_MAX ||
	    !is_printable(key))
		return err_set(e, ERR_INPUT, "invalid_idempotency_key",
		    "%zu characters", strlen(key));
	make_scope(c);
	mac_parts(c->idem_key, sizeof(c->idem_key), "idem key", part, 1,
	    c->arena);
	make_body_mac(c);
	c->idem = true;
	return 0;
}

int
idem_replay(struct call *c, struct err *e)
{
	struct idem_row row;
	int rc;

	if (!c->idem)
		return 0;
	rc = idem_find(c->db, c->arena, c->idem_scope, c->idem_key, &row, e);
	if (rc <= 0)
		return rc;
	if (!secret_equal(row.body_mac, sizeof(row.body_mac), c->idem_mac,
	    sizeof(c->idem_mac)))
		return err_set(e, ERR_UNPROCESSABLE, "idempotency_mismatch",
		    "object %" PRIu64, row.object_id);
	if (c->route->replay(c, row.object_id, e) >= 0)
		return 1;
	/* Where the path names nothing, what is not found is what was made. */
	return e->kind != ERR_NOT_FOUND ||
	    strchr(c->route->path, '{') != NULL ? -1 : err_set(e, ERR_GONE,
	    "gone", "object %" PRIu64, row.object_id);
}

int
idem_take(const struct call *c, struct db *db, uint64_t object_id,
    struct err *e)
{
	return c->idem ? idem_claim(db, c->idem_scope, c->idem_key,
	    c->idem_mac, object_id, e) : 0;
}

int
idem_enqueue(const struct call *c, struct db *db, struct enqueue *m,
    uint64_t *id, struct err *e)
{
	_Atomic int64_t *word;
	bool same = false;
	int rc;

	if (c->idem) {
		m->idem_scope = c->idem_scope;
		m->idem_key = c->idem_key;
		m->idem_mac = c->idem_mac;
	}
	/* Shared memory knows of it before the commit: it is a matter of whose
	 * turn comes first, and of nothing else. */
	if ((word = shm_sender(c->shm, m->token_id != 0 ? m->token_id :
	    m->user_id)) != NULL)
		m->behind = burst_over(word, SENDER_BURST, SENDER_PER_S,
		    clock_mono());
	if ((rc = enqueue(db, m, id, &same, e)) == 1)
		*id = m->id;
	return rc != 0 || same ? rc : err_set(e, ERR_UNPROCESSABLE,
	    "idempotency_mismatch", "notification %" PRIu64, *id);
}
