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

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "channel/channel.h"
#include "queue/bell.h"
#include "store/metrics.h"
#include "store/stats.h"

#define TEXT_MAX	((size_t)4 * 1024 * 1024)
#define QUEUES_MAX	64
#define SENT_MAX	512
#define HOUR_US		(3600 * US_PER_S)
/* Rows of delivery_hour live for 90 days; what is summed begins anew before. */
#define ROUND_US	(30 * 24 * HOUR_US)

/* The master's own file, and that of a master that runs the pool out alone. */
static struct shm *file[2];

static uint64_t
counted(unsigned counter)
{
	return shm_counter(file[0], counter) + shm_counter(file[1], counter);
}

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
	file[0] = c->shm;
	file[1] = out;
}

/* --- the format ------------------------------------------------------------- */

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

/* --- what shared memory has --------------------------------------------------- */

static const char *
method_name(enum http_method m)
{
	return m == M_GET ? "GET" : m == M_POST ? "POST" : m == M_PUT ? "PUT" :
	    m == M_PATCH ? "PATCH" : "DELETE";
}

/* Of some two hundred routes and twenty statuses only what there was. */
static void
write_requests(struct buf *b)
{
	char code[12];

	family(b, "http_requests_total", "counter", "Requests answered, by "
	    "route template; a path without one has no route");
	for (size_t i = 0; i <= routes_count; i++)
		for (unsigned k = 0; k < METRICS_CODES; k++) {
			uint64_t n = counted(METRICS_ROUTE(i, k));

			if (n == 0)
				continue;
			if (k == METRICS_CODES - 1)
				snprintf(code, sizeof(code), "other");
			else
				snprintf(code, sizeof(code), "%d",
				    metrics_codes[k]);
			number(b, "http_requests_total", LABELS("method",
			    i == routes_count ? "" :
			    method_name(routes[i].method), "route",
			    i == routes_count ? "" : routes[i].path, "code",
			    code), n);
		}
}

static void
write_times(struct buf *b)
{
	const char *name = "http_request_duration_seconds";
	char le[24];

	family(b, name, "histogram", "Time a request took in the application,"
	    " by pool of processes");
	for (unsigned p = 0; p < POOLS; p++) {
		const char *pool = pool_name((enum pool)p);
		uint64_t n = 0;

		for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
			n += counted(METRICS_TIME(p, i));
			if (i == METRICS_BUCKETS - 1)
				snprintf(le, sizeof(le), "+Inf");
			else
				snprintf(le, sizeof(le), "%g",
				    (double)metrics_bounds_us[i] / US_PER_S);
			number(b, "http_request_duration_seconds_bucket",
			    LABELS("pool", pool, "le", le), n);
		}
		seconds(b, "http_request_duration_seconds_sum",
		    LABELS("pool", pool), (int64_t)counted(METRICS_TIME(p,
		    METRICS_BUCKETS)));
		number(b, "http_request_duration_seconds_count",
		    LABELS("pool", pool), n);
	}
}

static void
write_signins(struct buf *b)
{
	family(b, "sign_ins_total", "counter", "Ends of sign-ins, by the way "
	    "in; mfa_due: the second step is asked for");
	for (unsigned m = 0; m < METRICS_METHODS; m++)
		for (unsigned r = 0; r < METRICS_RESULTS; r++)
			number(b, "sign_ins_total", LABELS("method",
			    metrics_methods[m], "result", metrics_results[r]),
			    counted(METRICS_SIGNIN(m, r)));
}

static void
write_errors(struct buf *b)
{
	static const char *const kind[METRIC_DB_KINDS] = { "connect", "lost",
		"again", "away", "failed" };
	static const struct { const char *name; unsigned file;
	    enum metric_program p; } row[] = {
		{ "api", 0, METRIC_API }, { "out", 1, METRIC_API },
		{ "worker", 0, METRIC_WORKER }, { "live", 0, METRIC_LIVE },
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

/* Without the members of a row of the table that is the scoreboard. */
static void
count_children(uint64_t n[POOLS], int what)
{
	memset(n, 0, POOLS * sizeof(n[0]));
	for (size_t f = 0; f < COUNT_OF(file); f++)
		for (size_t i = 0; file[f] != NULL && i < SHM_SLOTS; i++) {
			const struct shm_slot *s = shm_slot(file[f], i);

			if (s->pid != 0 && s->pool < POOLS && (what == 0 ||
			    (what == 1 ? s->busy : s->waiting) != 0))
				n[s->pool]++;
		}
}

static void
write_children(struct buf *b)
{
	static const struct { const char *name, *help; } row[] = {
		{ "pool_processes", "Processes that serve, by pool" },
		{ "pool_busy", "Those of them with a request in hand" },
		{ "pool_waiting", "Those of them that wait for a worker's "
		    "word" },
	};
	uint64_t n[POOLS];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		family(b, row[i].name, "gauge", row[i].help);
		count_children(n, (int)i);
		for (unsigned p = 0; p < POOLS; p++)
			number(b, row[i].name, LABELS("pool",
			    pool_name((enum pool)p)), n[p]);
	}
}

/* --- what the database has ------------------------------------------------------ */

static const char *
channel_of(const struct metrics_queue *q)
{
	const struct provider *p = provider_find(q->kind == NULL ?
	    q->provider : q->kind);

	return p == NULL ? "" : p->channel;
}

static int
write_queues(struct call *c, struct buf *b, struct err *e)
{
	struct metrics_queue *q = arena_array(c->arena, QUEUES_MAX,
	    sizeof(*q));
	int n = metrics_queues(c->db, c->arena, q, QUEUES_MAX, e);

	if (n < 0)
		return -1;
	family(b, "queue_jobs", "gauge", "Jobs by state, of each provider "
	    "20000 at most that wait and that are held; no provider: to be "
	    "planned");
	for (int i = 0; i < n; i++) {
		const struct { const char *name; uint64_t n; } row[] = {
			{ "later", q[i].later }, { "due", q[i].due },
			{ "leased", q[i].leased },
			{ "leaving", q[i].leaving }, { "dead", q[i].dead },
		};

		for (size_t k = 0; k < COUNT_OF(row); k++)
			number(b, "queue_jobs", LABELS("channel",
			    channel_of(&q[i]), "provider", q[i].provider,
			    "state", row[k].name), row[k].n);
	}
	family(b, "queue_oldest_seconds", "gauge",
	    "How long the oldest due job has been due");
	for (int i = 0; i < n; i++)
		number(b, "queue_oldest_seconds", LABELS("channel",
		    channel_of(&q[i]), "provider", q[i].provider),
		    (uint64_t)q[i].oldest_s);
	return 0;
}

/*
 * From counters by the hour.  An hour before the last changes no more: this
 * process keeps what it added up of those, and reads the rest.
 */
struct sent { char provider[25], channel[13], state[11]; uint64_t n; };
static struct {
	int64_t		 round_us, until_us;
	struct sent	 s[SENT_MAX];
	size_t		 n;
} settled;

static struct sent *
settled_of(const struct metrics_sent *m)
{
	struct sent *s;

	for (size_t i = 0; i < settled.n; i++) {
		s = &settled.s[i];
		if (strcmp(s->provider, m->provider) == 0 &&
		    strcmp(s->channel, m->channel) == 0 &&
		    strcmp(s->state, m->state) == 0)
			return s;
	}
	if (settled.n == SENT_MAX)
		return NULL;
	s = &settled.s[settled.n++];
	s->n = 0;
	snprintf(s->provider, sizeof(s->provider), "%s", m->provider);
	snprintf(s->channel, sizeof(s->channel), "%s", m->channel);
	snprintf(s->state, sizeof(s->state), "%s", m->state);
	return s;
}

static int
write_sent(struct call *c, struct buf *b, struct err *e)
{
	struct metrics_sent *m = arena_array(c->arena, SENT_MAX, sizeof(*m));
	uint64_t fresh[SENT_MAX] = { 0 };
	const int64_t now = clock_now(), round = now - now % ROUND_US;
	int64_t until = now - now % HOUR_US - HOUR_US;
	int n;

	if (settled.round_us != round) {
		settled.n = 0;
		settled.round_us = settled.until_us = round;
	}
	if (until < settled.until_us)
		until = settled.until_us;
	if ((n = metrics_sent(c->db, c->arena, settled.until_us, until, m,
	    SENT_MAX, e)) < 0)
		return -1;
	settled.until_us = until;
	for (int i = 0; i < n; i++) {
		struct sent *s = settled_of(&m[i]);

		if (s == NULL)
			continue;
		s->n += m[i].settled;
		fresh[s - settled.s] = m[i].n - m[i].settled;
	}
	family(b, "deliveries_total", "counter", "Deliveries that came to a "
	    "state, of all hosts of the database; begins anew after 30 days");
	for (size_t i = 0; i < settled.n; i++)
		number(b, "deliveries_total", LABELS("channel",
		    settled.s[i].channel, "provider", settled.s[i].provider,
		    "state", settled.s[i].state), settled.s[i].n + fresh[i]);
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
	if (!(up = ask_database(c, &told, &e) == 0))
		log_err(LOG_WARN_, "metrics", &e);
	family(b, "database_up", "gauge", "Whether the database answers");
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
	seconds(&b, "start_time_seconds", NO_LABELS, shm_born_us(file[0]));
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
