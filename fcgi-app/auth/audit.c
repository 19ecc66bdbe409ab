/*
 * audit.c - what an audit row says, and the chain over all of them (D12).
 *
 * personal_mac = HMAC(salt, ip | user agent), where the salt is that of the
 * one whose address it is: the actor, or without one the user.  Erasing the
 * columns and the salt leaves row_mac, which covers personal_mac, intact.
 * row_mac = HMAC(mac.key, every other column but the chain's).
 * chain[n] = HMAC(mac.key, chain[n-1] | row_mac[n]).
 */
#include "auth/audit.h"

#include "auth/token.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/audit.h"
#include "store/lease.h"

#define MAC_LEN		32
#define UA_MAX		255
#define DETAIL_MAX	1000		/* the column */
#define LEASE_S		10
#define VERIFY_BATCH	500

static struct crypto_part
part_of(const char *s)
{
	return (struct crypto_part){ s, strlen(s) + 1 };
}

static void
personal_mac(uint8_t mac[32], const uint8_t salt[16],
    const struct audit_row *r)
{
	const struct crypto_part part[] = {
		part_of(r->ip), part_of(r->user_agent)
	};

	hmac_sha256_parts(mac, salt, 16, part, COUNT_OF(part));
}

static void
row_mac(uint8_t mac[32], const struct audit_row *r)
{
	static const char purpose[] = "gatepost audit";
	const struct keyring *k = token_keys();
	char numbers[160];
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) }, { numbers, strlen(numbers) },
		part_of(r->event), part_of(r->outcome),
		part_of(r->request_id), part_of(r->country),
		part_of(r->detail), { r->personal_mac, MAC_LEN },
	};
	struct crypto_part filled[COUNT_OF(part)];
	int n = snprintf(numbers, sizeof(numbers), "%" PRIu64 ",%" PRId64
	    ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, r->id, r->at_us, r->user_id,
	    r->actor_id, r->session_id);

	memcpy(filled, part, sizeof(part));
	filled[1].n = (size_t)n + 1;
	hmac_sha256_parts(mac, k->mac, sizeof(k->mac), filled,
	    COUNT_OF(filled));
}

/* Cut to what the column holds, never inside a UTF-8 character; what is no
 * UTF-8 is dropped whole. */
static void
cut(char *out, size_t cap, const char *s)
{
	size_t n = strlen(s);

	if (!utf8_valid(s, n))
		n = 0;
	if (n >= cap) {
		n = cap - 1;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, s, n);
	out[n] = '\0';
}

int
audit_add(struct db *db, const struct req *q, const struct audit_event *ev,
    struct err *e)
{
	char agent[UA_MAX + 1] = "";
	uint8_t salt[16] = { 0 };
	struct audit_row r = {
		.id = rand_id(),
		.at_us = clock_now(),
		.event = ev->event, .outcome = ev->outcome,
		.user_id = ev->user_id, .session_id = ev->session_id,
		.actor_id = ev->actor_id,
		.request_id = q == NULL ? "" : q->request_id,
		.ip = q == NULL ? "" : q->remote_addr,
		.country = q == NULL ? "" : q->country,
		.user_agent = agent,
		.detail = ev->detail == NULL ? "" : ev->detail,
	};

	if (q != NULL)
		cut(agent, sizeof(agent), q->user_agent);
	/* Rows about nobody share the salt of user 0, so that a failed sign-in
	 * costs the same statements whoever it names (S21). */
	if (audit_salt(db, ev->actor_id != 0 ? ev->actor_id : ev->user_id,
	    salt, e) < 0)
		return -1;
	personal_mac(r.personal_mac, salt, &r);
	row_mac(r.row_mac, &r);
	return audit_row_insert(db, &r, e);
}

int
audit_add_detail(struct db *db, const struct req *q,
    const struct audit_event *ev, void (*write)(struct jw *w, const void *arg),
    const void *arg, struct err *e)
{
	struct audit_event full = *ev;
	struct buf b;
	struct jw w;
	int rc;

	buf_init(&b, DETAIL_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	write(&w, arg);
	jw_end(&w);
	full.detail = buf_text(&b);
	rc = audit_add(db, q, &full, e);
	buf_fini(&b);
	return rc;
}

/* --- the sealer ----------------------------------------------------------------- */

struct sealer {
	struct db	*db;
	struct audit_row row;
	struct { uint64_t id; uint8_t mac[MAC_LEN]; } *todo;
	size_t		 n;
	uint64_t	 seal_no;
	uint8_t		 chain[MAC_LEN];
	size_t		 sealed;
};

static int
collect(void *arg, struct err *e)
{
	struct sealer *s = arg;

	(void)e;
	s->todo[s->n].id = s->row.id;
	memcpy(s->todo[s->n].mac, s->row.row_mac, MAC_LEN);
	s->n++;
	return 0;
}

static void
link_chain(uint8_t next[32], const uint8_t prev[32], const uint8_t mac[32])
{
	const struct keyring *k = token_keys();
	const struct crypto_part part[] = {
		{ prev, MAC_LEN }, { mac, MAC_LEN }
	};
	uint8_t out[MAC_LEN];

	hmac_sha256_parts(out, k->mac, sizeof(k->mac), part, COUNT_OF(part));
	memcpy(next, out, MAC_LEN);
}

static int
seal_work(struct db *db, void *arg, struct err *e)
{
	struct sealer *s = arg;
	uint64_t no = s->seal_no;
	uint8_t chain[MAC_LEN];

	memcpy(chain, s->chain, sizeof(chain));
	s->sealed = 0;
	for (size_t i = 0; i < s->n; i++) {
		link_chain(chain, chain, s->todo[i].mac);
		if (audit_row_seal(db, s->todo[i].id, ++no, chain, e) < 0)
			return -1;
		s->sealed++;
	}
	return 0;
}

int
audit_seal(struct db *db, uint64_t owner, unsigned max, struct err *e)
{
	struct sealer s = { .db = db };
	char head[2 * MAC_LEN + 1];
	struct arena *a;
	int rc;

	if ((rc = lease_take(db, "audit_sealer", owner, LEASE_S, e)) <= 0)
		return rc;
	a = arena_new((size_t)1024 * 1024);
	s.todo = arena_array(a, max, sizeof(*s.todo));
	if (audit_head(db, a, &s.seal_no, s.chain, e) < 0 ||
	    audit_unsealed(db, a, max, &s.row, collect, &s, e) < 0)
		rc = -1;
	else if (s.n > 0)
		rc = db_tx(db, seal_work, &s, e);
	else
		rc = 0;
	if (rc >= 0 && s.sealed > 0) {
		struct sealer now = s;

		/* The head goes to the journal: a chain rewritten with a
		 * stolen key would differ from what was logged (D12). */
		for (size_t i = 0; i < s.n; i++)
			link_chain(now.chain, now.chain, s.todo[i].mac);
		hex_encode(head, now.chain, MAC_LEN);
		log_event("audit_head",
		    LOG_KI("seal_no", s.seal_no + s.sealed),
		    LOG_KV("chain", head));
	}
	arena_free(a);
	return rc < 0 ? -1 : (int)s.sealed;
}

/* --- verifying --------------------------------------------------------------------- */

struct verifier {
	struct audit_row r;
	uint8_t		 chain[MAC_LEN];
	uint64_t	 last, bad;
};

/* Columns that say who: as they were, or erased together with the salt. */
static bool
personal_whole(const struct audit_row *r)
{
	uint8_t mac[MAC_LEN];

	if (r->erasing)
		return true;
	if (!r->has_salt)
		return r->ip[0] == '\0' && r->user_agent[0] == '\0';
	personal_mac(mac, r->salt, r);
	return secret_equal(mac, MAC_LEN, r->personal_mac, MAC_LEN);
}

static int
verify_row(void *arg, struct err *e)
{
	struct verifier *v = arg;
	uint8_t mac[MAC_LEN];

	(void)e;
	row_mac(mac, &v->r);
	link_chain(v->chain, v->chain, v->r.row_mac);
	if (v->r.seal_no != v->last + 1 || !personal_whole(&v->r) ||
	    !secret_equal(mac, MAC_LEN, v->r.row_mac, MAC_LEN) ||
	    !secret_equal(v->chain, MAC_LEN, v->r.chain, MAC_LEN))
		v->bad = v->r.id;
	v->last = v->r.seal_no;
	return v->bad != 0 ? 1 : 0;
}

int
audit_verify(struct db *db, uint64_t *at, struct err *e)
{
	struct verifier v = { .last = 0 };
	int n;

	do {
		struct arena *a = arena_new((size_t)8 * 1024 * 1024);

		n = audit_sealed(db, a, v.last, VERIFY_BATCH, &v.r,
		    verify_row, &v, e);
		arena_free(a);
		if (n < 0)
			return -1;
	} while (n == VERIFY_BATCH && v.bad == 0);
	*at = v.bad;
	return v.bad != 0;
}
