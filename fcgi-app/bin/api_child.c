/*
 * api_child.c - a child's life: wait, serve, recycle; stop between requests.
 *
 * What must stay true: a request that was taken is answered, whatever the
 * master says meanwhile: the signals that stop a child are blocked but while
 * it waits for a connection (http/fcgi.c).
 */
#include "bin/api_own.h"
#include "api/dispatch.h"
#include "auth/grant.h"
#include "auth/lane.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "http/fcgi.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t told;	/* 0, SIGTERM or SIGINT */
static int listen_fd = -1;

static void
on_signal(int sig)
{
	/* TERM after INT is the more urgent one. */
	if (told != SIGTERM)
		told = sig;
}

void
child_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t mask;

	told = 0;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	sa.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &sa, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

bool
child_told(void)
{
	return told != 0;
}

/* Told to drain, a child goes on while somebody waits in the backlog. */
static bool
stopping(void)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLIN };

	if (told == SIGINT)
		return poll(&p, 1, 0) <= 0;
	return told != 0;
}

static void
taken(void *arg, bool busy)
{
	struct shm_slot *slot = arg;

	if (slot == NULL)
		return;
	if (busy)
		slot->since_us = clock_mono();
	slot->busy = busy;
}

/* Children of one age would all be replaced in one moment. */
static uint64_t
request_limit(void)
{
	uint32_t n = (uint32_t)conf_int(CONF_RECYCLE);

	return n == 0 ? UINT64_MAX : n - n / 10 + rand_below(n / 5 + 1);
}

/* 0 told to stop or recycled, 1 broken. */
static int
serve(struct fcgi *f, const struct dispatch *d)
{
	uint64_t left = request_limit();
	struct err e = ERR_INIT;
	struct transport t;
	int rc = 1;

	while (left-- > 0 && (rc = fcgi_accept(f, &t, stopping, &e)) == 1) {
		/* The keys of a process are never const to it. */
		keyring_refresh(api_keys(), conf_str(CONF_KEY_DIR));
		dispatch_serve(d, &t);
		fcgi_finish(f);
		if (d->slot != NULL)
			d->slot->requests++;
	}
	if (rc < 0) {
		log_err(LOG_ERROR_, "child", &e);
		return 1;
	}
	return 0;
}

unsigned
lanes_wanted(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf_int(CONF_POOL_HASH) > 0)
		return (unsigned)conf_int(CONF_POOL_HASH);
	return cores > 2 ? (unsigned)cores - 1 : 1;
}

/* Which pools have use of a secret (D2): one is as safe as the processes that
 * hold it, and most people's requests reach `main`.  What is not here is
 * `main`'s alone. */
static const struct { enum conf_key k; unsigned pools; } secret_row[] = {
#define P(p)	(1U << POOL_##p)
	{ CONF_DB_API_PASSWORD, P(GATE) | P(MAIN) | P(HASH) | P(OUT) },
	{ CONF_DB_LIVE_PASSWORD, 0 }, { CONF_DB_WORKER_PASSWORD, 0 },
	{ CONF_DB_CTL_PASSWORD, 0 },
	/* Only a worker sends; what callbacks are signed by stays. */
	{ CONF_KAVENEGAR_KEY, 0 }, { CONF_SMTP_PASSWORD, 0 },
	{ CONF_SMTP_TOKEN, 0 }, { CONF_SMTP_REFRESH, 0 },
	{ CONF_SMTP_CLIENT_SECRET, 0 }, { CONF_EXPO_TOKEN, 0 },
	{ CONF_WHATSAPP_TOKEN, 0 }, { CONF_TWILIO_KEY_SECRET, 0 },
	{ CONF_GOOGLE_SECRET, P(OUT) }, { CONF_FACEBOOK_SECRET, P(OUT) },
	{ CONF_OIDC1_SECRET, P(OUT) }, { CONF_OIDC2_SECRET, P(OUT) },
	{ CONF_OIDC3_SECRET, P(OUT) }, { CONF_OIDC4_SECRET, P(OUT) },
#undef P
};
static enum pool own_pool;

static bool
is_own_secret(enum conf_key k)
{
	for (size_t i = 0; i < COUNT_OF(secret_row); i++)
		if (secret_row[i].k == k)
			return (secret_row[i].pools & 1U << own_pool) != 0;
	return own_pool == POOL_MAIN;
}

int
child_serve(const struct child *c)
{
	struct dispatch d = { .table = routes, .rows = routes_count,
	    .pool = c->pool, .every_pool = c->every_pool, .shm = c->shm,
	    .slot = c->slot, .pool_size = c->pool_size };
	struct err e = ERR_INIT;
	struct fcgi *f;
	int rc;

	listen_fd = c->fd;
	own_pool = c->pool;
	if (!c->every_pool)
		conf_drop_secrets(is_own_secret);
	rand_after_fork();
	grant_use(c->shm);
	if ((f = fcgi_new(c->fd, &e)) == NULL) {
		log_err(LOG_ERROR_, "child", &e);
		return EXIT_OS;
	}
	lane_use(c->lane);
	fcgi_on_taken(f, taken, c->slot);
	d.arena = arena_new(DISPATCH_ARENA);
	d.db = db_new(DB_API);
	db_deadline(d.db, (int)conf_int(CONF_DEADLINE_S) * 1000);
	rc = serve(f, &d);
	db_free(d.db);
	arena_free(d.arena);
	fcgi_free(f);
	return rc;
}

static bool
keep_none(enum conf_key k)
{
	(void)k;
	return false;
}

/* It needs no secret but the one in hand.  What stops a child does not stop
 * it: those that drain still ask. */
int
child_lane(int serve_fd, struct shm_slot *slot)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	conf_drop_secrets(keep_none);
	keyring_free(api_keys());
	return lane_serve(serve_fd, (size_t)conf_int(CONF_ARGON2_M_KIB) * 1024,
	    taken, slot) == 0 ? 0 : EXIT_OS;
}

int
child_cgi(struct shm *shm)
{
	struct dispatch d = { .table = routes, .rows = routes_count,
	    .every_pool = true, .shm = shm };
	struct transport t;
	int rc;

	grant_use(shm);
	cgi_transport(&t);
	d.arena = arena_new(DISPATCH_ARENA);
	d.db = db_new(DB_API);
	db_deadline(d.db, (int)conf_int(CONF_DEADLINE_S) * 1000);
	rc = dispatch_serve(&d, &t);
	db_free(d.db);
	arena_free(d.arena);
	return rc < 0 ? 1 : 0;
}
