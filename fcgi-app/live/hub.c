/*
 * hub.c - see hub.h.
 */
#include "live/hub.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rand.h"

#define FDS_SPARE	64

static struct {
	void		(*wake)(struct conn *c);
	struct conn	*first;
	struct person	**user;
	struct addr	**addr;
	size_t		 buckets, addr_buckets;	/* powers of two */
	size_t		 conns, users, addrs;
	uint64_t	 salt;
} hub;

static void *
need(void *p)
{
	if (p == NULL)
		fatal("hub: out of memory");
	return p;
}

/* Nobody may choose what shares a bucket. */
static size_t
mix(uint64_t v)
{
	v ^= hub.salt;
	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (size_t)(v ^ (v >> 31));
}

static size_t
mix_key(const uint8_t key[16])
{
	uint64_t v[2];

	memcpy(v, key, sizeof(v));
	return mix(v[0] ^ mix(v[1]));
}

void
hub_wake(struct conn *c)
{
	hub.wake(c);
}

void
hub_init(void (*wake)(struct conn *c))
{
	memset(&hub, 0, sizeof(hub));
	hub.wake = wake;
	hub.buckets = hub.addr_buckets = 1024;
	hub.user = need(calloc(hub.buckets, sizeof(struct person *)));
	hub.addr = need(calloc(hub.addr_buckets, sizeof(struct addr *)));
	rand_fill(&hub.salt, sizeof(hub.salt));
}

void
hub_fini(void)
{
	while (hub.first != NULL) {
		hub.first->pins = 0;
		hub_close(hub.first);
	}
	free(hub.user);
	free(hub.addr);
	hub.user = NULL;
	hub.addr = NULL;
}

size_t
hub_size(void)
{
	return hub.conns;
}

size_t
hub_users(void)
{
	return hub.users;
}

struct conn *
hub_first(void)
{
	return hub.first;
}

/* --- size ---------------------------------------------------------------------- */

unsigned
hub_raise_files(void)
{
	rlim_t want = (rlim_t)conf_int(CONF_LIVE_MAX) + FDS_SPARE;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	if (r.rlim_cur < want) {
		r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur < want)
		log_warn("%llu files may be open: fewer connections than "
		    "GATEPOST_LIVE_MAX", (unsigned long long)r.rlim_cur);
	return (unsigned)(r.rlim_cur < want ? r.rlim_cur : want);
}

/* --- people ------------------------------------------------------------------- */

static void
grow_users(void)
{
	size_t n = hub.buckets * 2;
	struct person **to = need(calloc(n, sizeof(*to)));

	for (size_t i = 0; i < hub.buckets; i++)
		for (struct person *u = hub.user[i], *next; u != NULL;
		    u = next) {
			struct person **at = &to[mix(u->id) & (n - 1)];

			next = u->next;
			u->next = *at;
			*at = u;
		}
	free(hub.user);
	hub.user = to;
	hub.buckets = n;
}

struct person *
hub_user(uint64_t user_id)
{
	struct person *u = hub.user[mix(user_id) & (hub.buckets - 1)];

	while (u != NULL && u->id != user_id)
		u = u->next;
	return u;
}

static struct person *
user_get(uint64_t user_id)
{
	struct person *u = hub_user(user_id), **at;

	if (u != NULL)
		return u;
	if (hub.users >= hub.buckets)
		grow_users();
	u = need(calloc(1, sizeof(*u)));
	u->id = user_id;
	at = &hub.user[mix(user_id) & (hub.buckets - 1)];
	u->next = *at;
	*at = u;
	hub.users++;
	return u;
}

/* A dirty one is freed by who keeps the list of them (live/feed.c). */
static void
user_leave(struct conn *c)
{
	struct person *u = c->user;

	if (c->uprev != NULL)
		c->uprev->unext = c->unext;
	else
		u->conns = c->unext;
	if (c->unext != NULL)
		c->unext->uprev = c->uprev;
	c->user = NULL;
	if (--u->n > 0)
		return;
	for (struct person **at = &hub.user[mix(u->id) & (hub.buckets - 1)];;
	    at = &(*at)->next)
		if (*at == u) {
			*at = u->next;
			break;
		}
	hub.users--;
	if (!u->dirty)
		free(u);
}

unsigned
hub_of_user(uint64_t user_id)
{
	const struct person *u = hub_user(user_id);

	return u == NULL ? 0 : u->n;
}

size_t
hub_some_users(size_t *cursor, uint64_t *id, size_t most)
{
	size_t n = 0;

	for (; *cursor < hub.buckets; (*cursor)++) {
		size_t was = n;

		for (const struct person *u = hub.user[*cursor]; u != NULL;
		    u = u->next) {
			if (n == most)
				return was;	/* the bucket again */
			if (u->known)
				id[n++] = u->id;
		}
	}
	*cursor = 0;
	return n;
}

/* --- addresses ---------------------------------------------------------------- */

static struct addr **
addr_at(const uint8_t key[16])
{
	struct addr **at = &hub.addr[mix_key(key) & (hub.addr_buckets - 1)];

	while (*at != NULL && memcmp((*at)->key, key, 16) != 0)
		at = &(*at)->next;
	return at;
}

unsigned
hub_of_addr(const uint8_t key[16])
{
	const struct addr *a = *addr_at(key);

	return a == NULL ? 0 : a->n;
}

static struct addr *
addr_get(const uint8_t key[16])
{
	struct addr **at = addr_at(key);

	if (*at == NULL) {
		*at = need(calloc(1, sizeof(**at)));
		memcpy((*at)->key, key, 16);
		hub.addrs++;
	}
	(*at)->n++;
	return *at;
}

static void
addr_leave(struct addr *a)
{
	struct addr **at;

	if (a == NULL || --a->n > 0)
		return;
	at = addr_at(a->key);
	*at = a->next;
	free(a);
	hub.addrs--;
}

/* --- connections ---------------------------------------------------------------- */

struct conn *
hub_open(uint64_t user_id, const uint8_t key[16])
{
	struct conn *c = need(calloc(1, sizeof(*c)));

	c->user = user_get(user_id);
	c->user->n++;
	c->unext = c->user->conns;
	if (c->unext != NULL)
		c->unext->uprev = c;
	c->user->conns = c;
	if (key != NULL)
		c->addr = addr_get(key);
	c->next = hub.first;
	if (c->next != NULL)
		c->next->prev = c;
	hub.first = c;
	hub.conns++;
	c->ping_at_s = (uint32_t)(clock_mono() / US_PER_S) + 1 +
	    rand_below((uint32_t)conf_int(CONF_LIVE_PING_S));
	return c;
}

static void
conn_free(struct conn *c)
{
	conn_drop_queue(c);
	free(c->hash);
	free(c->rx);
	free(c);
}

void
hub_close(struct conn *c)
{
	if (c->user != NULL) {
		user_leave(c);
		addr_leave(c->addr);
		c->addr = NULL;
		if (c->prev != NULL)
			c->prev->next = c->next;
		else
			hub.first = c->next;
		if (c->next != NULL)
			c->next->prev = c->prev;
		hub.conns--;
	}
	c->wire = NULL;
	if (c->pins == 0)
		conn_free(c);
}

void
hub_pin(struct conn *c)
{
	c->pins++;
}

void
hub_unpin(struct conn *c)
{
	if (--c->pins == 0 && c->user == NULL)
		conn_free(c);
}
