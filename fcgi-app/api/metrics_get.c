/*
 * metrics_get.c - GET /metrics: the counters, the children and the queue, as
 * Prometheus reads them (text format 0.0.4).
 *
 * nginx lets this machine alone ask (D18).  Without the database the rest is
 * told all the same.  Nothing that it said is kept for the next who asks: two
 * processes would tell counters of two moments, and to Prometheus one that
 * goes back has begun anew.
 */
#include "api/metrics_own.h"
#include "api/admin_log.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "channel/channel.h"
#include "queue/bell.h"
#include "store/metrics.h"
#include "store/stats.h"

#include <errno.h>
#include <signal.h>

#define TEXT_MAX	((size_t)4 * 1024 * 1024)
#define SETTLED_MAX	TEXT_MAX
#define SENT_ROOM	((size_t)16 * 1024)	/* that one more surely has */
#define HOUR_US		(3600 * US_PER_S)
/* Rows of delivery_hour live for 90 days; what is summed begins anew before. */
#define ROUND_US	(30 * 24 * HOUR_US)

/* The master's own file, and that of a master that runs the pool out alone. */
enum { FILE_API, FILE_OUT, FILES };
static struct shm *file[FILES];
/* They begin anew each with its own master: what both count is told apart. */
static const char *const file_program[FILES] = { [FILE_API] = "api",
	[FILE_OUT] = "out" };

static void
find_files(struct call *c)
{
	static struct shm *out;
	struct err none = ERR_INIT;

	if (out == NULL)
		out = shm_open_(arena_printf(c->arena, "%s/shm-out",
		    conf_str(CONF_RUN_DIR)), &none);
	else
		shm_refresh(out);
	file[FILE_API] = c->shm;
	file[FILE_OUT] = out;
}

/* --- the format ----------------------------------------------------------- */

static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP gatepost_%s %s\n# TYPE gatepost_%s %s\n", name,
	    help, name, type);
}

/* NAME{LABEL="VALUE",…} and a blank; `label`: names and values, NULL-ended. */
static void
sample(struct buf *b, const char *name, const char *const label[])
{
	buf_printf(b, "gatepost_%s", name);
	for (size_t i = 0; label[i] != NULL; i += 2) {
		buf_printf(b, "%c%s=\"", i == 0 ? '{' : ',', label[i]);
		for (const char *p = label[i + 1]; *p != '\0'; p++)
			if (*p == '\n')
				buf_str(b, "\\n");
			else if (*p == '"' || *p == '\\')
				buf_printf(b, "\\%c", *p);
			else
				buf_char(b, *p);
		buf_char(b, '"');
	}
	buf_str(b, label[0] == NULL ? " " : "} ");
}
#define LABELS(...)	((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS	((const char *const[]){ NULL })

static void
number(struct buf *b, const char *name, const char *const label[], uint64_t n)
{
	sample(b, name, label);
	buf_printf(b, "%" PRIu64 "\n", n);
}

static void
seconds(struct buf *b, const char *name, const char *const label[],
    int64_t us)
{
	sample(b, name, label);
	buf_printf(b, "%" PRId64 ".%06" PRId64 "\n", us / US_PER_S,
	    us % US_PER_S);
}

/* --- what shared memory has ----------------------------------------------- */

static const char *
method_name(enum http_method m)
{
	return m == M_GET ? "GET" : m == M_POST ? "POST" : m == M_PUT ? "PUT" :
	    m == M_PATCH ? "PATCH" : "DELETE";
}

/* Of some two hundred routes and twenty statuses only what there was. */
static void
write_route(struct buf *b, unsigned f, size_t i)
{
	const bool none = i == routes_count;
	char code[12];

	for (unsigned k = 0; k < METRICS_CODES; k++) {
		uint64_t n = shm_counter(file[f], METRICS_ROUTE(i, k));

		if (n == 0)
			continue;
		if (k == METRICS_CODES - 1)
			snprintf(code, sizeof(code), "other");
		else
			snprintf(code, sizeof(code), "%d", metrics_codes[k]);
		number(b, "http_requests_total", LABELS("program",
		    file_program[f], "method", none ? "" :
		    method_name(routes[i].method), "route", none ? "" :
		    routes[i].path, "code", code), n);
	}
}

static void
write_requests(struct buf *b)
{
	family(b, "http_requests_total", "counter", "Requests answered, by "
	    "route template; a path without one has no route");
	for (unsigned f = 0; f < FILES; f++)
		for (size_t i = 0; i <= routes_count; i++)
			write_route(b, f, i);
}

static void
write_time(struct buf *b, unsigned f, unsigned p)
{
	const char *program = file_program[f], *pool = pool_name((enum pool)p);
	uint64_t n = 0;
	char le[24];

	for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
		n += shm_counter(file[f], METRICS_TIME(p, i));
		if (i == METRICS_BUCKETS - 1)
			snprintf(le, sizeof(le), "+Inf");
		else
			snprintf(le, sizeof(le), "%g",
			    (double)metrics_bounds_us[i] / US_PER_S);
		number(b, "http_request_duration_seconds_bucket",
		    LABELS("program", program, "pool", pool, "le", le), n);
	}
	seconds(b, "http_request_duration_seconds_sum", LABELS("program",
	    program, "pool", pool), (int64_t)shm_counter(file[f],
	    METRICS_TIME(p, METRICS_BUCKETS)));
	number(b, "http_request_duration_seconds_count", LABELS("program",
	    program, "pool", pool), n);
}

static void
write_times(struct buf *b)
{
	family(b, "http_request_duration_seconds", "histogram", "Time a "
	    "request took in the application, by pool of processes");
	for (unsigned p = 0; p < POOLS; p++)
		write_time(b, FILE_API, p);
	if (file[FILE_OUT] != NULL)
		write_time(b, FILE_OUT, POOL_OUT);
}

static void
write_signins(struct buf *b)
{
	family(b, "sign_ins_total", "counter", "Ends of sign-ins, by the way "
	    "in; mfa_due: the second step is asked for");
	for (unsigned f = 0; f < FILES; f++)
		for (unsigned i = 0; file[f] != NULL && i < METRICS_METHODS *
		    METRICS_RESULTS; i++)
			number(b, "sign_ins_total", LABELS("program",
			    file_program[f], "method",
			    metrics_methods[i / METRICS_RESULTS], "result",
			    metrics_results[i % METRICS_RESULTS]),
			    shm_counter(file[f], METRICS_SIGNIN(0, i)));
}

static void
write_errors(struct buf *b)
{
	static const char *const kind[METRIC_DB_KINDS] = { "connect", "lost",
		"again", "away", "failed" };
	static const struct { const char *name; unsigned file;
	    enum metric_program p; } row[] = {
		{ "api", FILE_API, METRIC_API },
		{ "out", FILE_OUT, METRIC_API },
		{ "worker", FILE_API, METRIC_WORKER },
		{ "live", FILE_API, METRIC_LIVE },
	};

	family(b, "database_errors_total", "counter", "What the database, or "
	    "the way to it, refused: again, a deadlock that is tried anew");
	for (size_t i = 0; i < COUNT_OF(row); i++)
		for (unsigned k = 0; k < METRIC_DB_KINDS; k++)
			if (file[row[i].file] != NULL)
				number(b, "database_errors_total", LABELS(
				    "program", row[i].name, "kind", kind[k]),
				    shm_counter(file[row[i].file],
				    METRIC_DB(row[i].p, k)));
}

/* A master that was killed whole leaves its file, and in it its children. */
static bool
alive(const struct shm_slot *s)
{
	const pid_t pid = s->pid;

	return pid != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

enum counted_child { CHILD_ANY, CHILD_BUSY, CHILD_WAITING };

static bool
is_child(const struct shm_slot *s, enum counted_child what)
{
	return s->pool < POOLS && (what == CHILD_ANY ||
	    (what == CHILD_BUSY ? s->busy : s->waiting) != 0) && alive(s);
}

static void
count_children(uint64_t n[POOLS], enum counted_child what)
{
	memset(n, 0, POOLS * sizeof(n[0]));
	for (size_t f = 0; f < FILES; f++)
		for (size_t i = 0; file[f] != NULL && i < SHM_SLOTS; i++) {
			const struct shm_slot *s = shm_slot(file[f], i);

			if (is_child(s, what))
				n[s->pool]++;
		}
}

static void
write_children(struct buf *b)
{
	static const struct { enum counted_child what;
	    const char *name, *help; } row[] = {
		{ CHILD_ANY, "pool_processes",
		    "Processes that serve, by pool" },
		{ CHILD_BUSY, "pool_busy",
		    "Those of them with a request in hand" },
		{ CHILD_WAITING, "pool_waiting",
		    "Those of them that wait for a worker's word" },
	};
	uint64_t n[POOLS];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		family(b, row[i].name, "gauge", row[i].help);
		count_children(n, row[i].what);
		for (unsigned p = 0; p < POOLS; p++)
			number(b, row[i].name, LABELS("pool",
			    pool_name((enum pool)p)), n[p]);
	}
}

/* --- what the database has ------------------------------------------------ */

static const char *
channel_of(const struct metrics_queue *q)
{
	const struct provider *p = provider_find(q->kind == NULL ?
	    q->provider : q->kind);

	return p == NULL ? "" : p->channel;
}

/* One figure of a queue; `state` NULL: of none. */
static void
write_queue(struct buf *b, const char *name, const struct metrics_queue *q,
    const char *state, uint64_t n)
{
	number(b, name, LABELS("channel", channel_of(q), "provider",
	    q->provider, "class", job_class_word(q->class),
	    state == NULL ? NULL : "state", state), n);
}

static int
write_queues(struct call *c, struct buf *b, struct err *e)
{
	struct metrics_queue *first;

	if (metrics_queues(c->db, c->arena, &first, e) < 0)
		return -1;
	family(b, "queue_jobs", "gauge", "Jobs of a provider and class by "
	    "state, 20000 at most that are due and that are for later; no "
	    "provider: to be planned");
	for (const struct metrics_queue *q = first; q != NULL; q = q->next) {
		const struct { const char *name; uint64_t n; } row[] = {
			{ "later", q->later }, { "due", q->due },
			{ "leased", q->leased }, { "leaving", q->leaving },
			{ "paused", q->paused }, { "gathered", q->gathered },
			{ "dead", q->dead },
		};

		for (size_t k = 0; k < COUNT_OF(row); k++)
			write_queue(b, "queue_jobs", q, row[k].name,
			    row[k].n);
	}
	family(b, "queue_cut", "gauge", "1: more than 50000 are leased, "
	    "leaving, paused, gathered or dead, and of the newest of them "
	    "alone the states are told");
	for (const struct metrics_queue *q = first; q != NULL; q = q->next)
		write_queue(b, "queue_cut", q, NULL, q->cut);
	family(b, "queue_oldest_seconds", "gauge", "How long the oldest due "
	    "job has been due; class critical: codes");
	for (const struct metrics_queue *q = first; q != NULL; q = q->next)
		write_queue(b, "queue_oldest_seconds", q, NULL,
		    (uint64_t)q->oldest_s);
	return 0;
}

/*
 * From counters by the hour.  An hour before the last changes no more: this
 * process keeps what it added up of those, and reads the rest.
 */
struct sent {
	struct sent	*next;
	const char	*provider, *channel, *state;
	uint64_t	 n, fresh;	/* of hours that are over, and since */
};
static struct {
	int64_t		 round_us, until_us;
	struct arena	*a;
	struct sent	*first;
} settled;

static void
settled_begin(int64_t round)
{
	arena_free(settled.a);
	settled.a = arena_new(SETTLED_MAX);
	settled.first = NULL;
	settled.round_us = settled.until_us = round;
}

static struct sent *
settled_of(const struct metrics_sent *m)
{
	struct sent *s, **end = &settled.first;

	for (; (s = *end) != NULL; end = &s->next)
		if (strcmp(s->provider, m->provider) == 0 &&
		    strcmp(s->channel, m->channel) == 0 &&
		    strcmp(s->state, m->state) == 0)
			return s;
	s = *end = arena_alloc(settled.a, sizeof(*s));
	s->provider = arena_strdup(settled.a, m->provider);
	s->channel = arena_strdup(settled.a, m->channel);
	s->state = arena_strdup(settled.a, m->state);
	return s;
}

static int
write_sent(struct call *c, struct buf *b, struct err *e)
{
	const int64_t now = clock_now(), round = now - now % ROUND_US;
	int64_t until = now - now % HOUR_US - HOUR_US;
	struct metrics_sent *m;

	if (settled.a == NULL || settled.round_us != round)
		settled_begin(round);
	if (until < settled.until_us)
		until = settled.until_us;
	if (metrics_sent(c->db, c->arena, settled.until_us, until, &m, e) < 0)
		return -1;
	settled.until_us = until;
	for (struct sent *s = settled.first; s != NULL; s = s->next)
		s->fresh = 0;
	for (; m != NULL; m = m->next) {
		struct sent *s;

		if (arena_left(settled.a) < SENT_ROOM) {
			settled_begin(round);
			return err_set(e, ERR_INTERNAL, "metrics_too_long",
			    "deliveries: over %zu bytes", SETTLED_MAX);
		}
		s = settled_of(m);
		s->n += m->settled;
		s->fresh = m->n - m->settled;
	}
	family(b, "deliveries_total", "counter", "Deliveries that came to a "
	    "state, of all hosts of the database; begins anew after 30 days");
	for (const struct sent *s = settled.first; s != NULL; s = s->next)
		number(b, "deliveries_total", LABELS("channel", s->channel,
		    "provider", s->provider, "state", s->state),
		    s->n + s->fresh);
	return 0;
}

struct circuit { struct buf *b; struct stats_provider p; };

static int
write_circuit(void *arg, struct err *e UNUSED)
{
	static const char *const state[] = { "closed", "half_open", "open" };
	const struct circuit *x = arg;

	for (size_t i = 0; i < COUNT_OF(state); i++)
		number(x->b, "provider_circuit", LABELS("provider", x->p.name,
		    "state", state[i]), strcmp(x->p.state, state[i]) == 0);
	return 0;
}

static int
ask_database(struct call *c, struct buf *b, struct err *e)
{
	struct circuit x = { .b = b };

	if (write_queues(c, b, e) < 0 || write_sent(c, b, e) < 0)
		return -1;
	family(b, "provider_circuit", "gauge", "Of a provider's circuit "
	    "breaker the state that it is in, 1; open: nothing is sent");
	return stats_each_provider(c->db, c->arena, &x.p, write_circuit, &x,
	    e) < 0 ? -1 : 0;
}

static void
write_database(struct call *c, struct buf *b)
{
	struct err e = ERR_INIT;
	struct buf told;
	bool up;

	buf_init(&told, TEXT_MAX / 2);
	/* Cut in the middle of a line it would be no figures at all. */
	if (ask_database(c, &told, &e) == 0 && told.over)
		err_set(&e, ERR_INTERNAL, "metrics_too_long", "over %zu bytes",
		    told.max);
	if (!(up = e.kind == ERR_NONE))
		log_err(LOG_WARN_, "metrics", &e);
	family(b, "database_up", "gauge", "Whether the database answers, and "
	    "its figures follow");
	number(b, "database_up", NO_LABELS, up);
	if (up)
		buf_str(b, buf_text(&told));
	buf_fini(&told);
}

int
metrics_get(struct call *c, const void *in UNUSED, struct err *e)
{
	struct buf b;

	find_files(c);
	buf_init(&b, TEXT_MAX);
	family(&b, "build_info", "gauge", "1, with the version");
	number(&b, "build_info", LABELS("version", GP_VERSION), 1);
	family(&b, "start_time_seconds", "gauge", "When the counters began: "
	    "the start of the service, in seconds since 1970");
	for (size_t f = 0; f < FILES; f++)
		if (file[f] != NULL)
			seconds(&b, "start_time_seconds", LABELS("program",
			    file_program[f]), shm_born_us(file[f]));
	family(&b, "workers", "gauge", "Workers on this host");
	number(&b, "workers", NO_LABELS, (uint64_t)bell_ring(
	    conf_str(CONF_RUN_DIR), "worker"));
	write_children(&b);
	write_requests(&b);
	write_times(&b);
	write_signins(&b);
	write_errors(&b);
	write_database(c, &b);
	if (b.over)
		err_set(e, ERR_INTERNAL, "metrics_too_long", "over %zu bytes",
		    TEXT_MAX);
	else
		resp_text(c->resp, 200, "text/plain; version=0.0.4; "
		    "charset=utf-8", arena_strdup(c->arena, buf_text(&b)));
	buf_fini(&b);
	return e->kind == ERR_NONE ? 0 : -1;
}
