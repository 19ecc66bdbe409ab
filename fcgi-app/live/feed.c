/*
 * feed.c - when what is asked, and what becomes of the answers.
 *
 * What must stay true: of one person there is one question for rows under way
 * at a time; what changes meanwhile makes him dirty again.  A seq is known
 * only when its row was handed to every connection of his.
 */
#include "live/feed_own.h"

#include "base/clock.h"
#include "base/log.h"

#define NEWS_USERS	300
/* Rows of one person at a time: some batches fit a queue, for a reader who is
 * quick is written to between them, and not within. */
#define FLOOD		(QUEUE_FRAMES / 4u)
#define OVERLAP_US	US_PER_S
#define FAR_US		(10 * US_PER_S)
#define MANY		1000u		/* found in a narrow search */
#define AWAY_US		US_PER_S	/* shorter is not told */
#define ROUND_TICKS	100		/* 10 s */

struct feed feed;

static struct {
	struct person	*dirty;		/* list */
	bool		 asking, again;
	struct search	*searching, *rounding;	/* under way, or NULL */
	int64_t		 searched_us;	/* the last search that worked began */
	int64_t		 far_us;	/* the last one with the far window */
	size_t		 found;		/* by the last narrow search */
	size_t		 cursor;	/* of the round */
	unsigned	 tick;
} f;

bool
feed_away(void)
{
	return feed.lost_us != 0 && clock_mono() - feed.lost_us > AWAY_US;
}

/* Whatever happened while it was away. */
static void
go_round_now(void)
{
	log_info("the database is back");
	f.tick = ROUND_TICKS - 1;
	f.cursor = 0;
}

void
feed_felt(int rc, const struct err *e)
{
	if (rc >= 0) {
		if (feed.lost_us != 0)
			go_round_now();
		feed.lost_us = 0;
		return;
	}
	if (e->kind != ERR_UNAVAILABLE && e->kind != ERR_DB_LOST)
		log_err(LOG_ERROR_, "feed", e);
	else if (feed.lost_us == 0)
		log_err(LOG_WARN_, "the database is away", e);
	if (feed.lost_us == 0)
		feed.lost_us = clock_mono();
}

void
feed_dirty(struct person *u)
{
	if (u->dirty)
		return;
	u->dirty = true;
	u->dnext = f.dirty;
	f.dirty = u;
}

/* --- news ------------------------------------------------------------------------ */

struct news {
	struct live_want from[NEWS_USERS];	/* the seq that is known */
	uint64_t	 to[NEWS_USERS];	/* the last that was asked for */
	uint64_t	 id[NEWS_USERS];
	size_t		 n;
	struct count_list count;
	struct got_list	 got;
	uint64_t	 statements;
};

/* The seq that every connection of his has. */
static uint64_t
least(const struct person *u)
{
	uint64_t seq = u->seq;

	for (const struct conn *c = u->conns; c != NULL; c = c->unext)
		if (c->state == CONN_LIVE && c->last < seq)
			seq = c->last;
	return seq;
}

static int
news_run(struct db *db, void *arg, struct err *e)
{
	struct news *w = arg;
	struct live_want *want;
	size_t n = 0, asked;
	int rc;

	if (ask_counts(db, w->id, w->n, &w->count, &w->statements, e) < 0)
		return -1;
	if ((want = malloc(w->n * FLOOD * sizeof(*want))) == NULL)
		fatal("feed: out of memory");
	for (size_t i = 0; i < w->n; i++) {
		const struct live_count *c = count_of(&w->count, w->id[i]);
		uint64_t to = c == NULL ? 0 : c->seq;

		w->to[i] = w->from[i].seq;
		for (uint64_t s = w->from[i].seq + 1; s <= to &&
		    s <= w->from[i].seq + FLOOD; s++)
			want[n++] = (struct live_want){ w->id[i], s };
	}
	rc = ask_rows(db, want, n, &w->got, &asked, &w->statements, e);
	/* Wants stand in the order of the people. */
	for (size_t i = 0, k = 0; rc >= 0 && k < asked; k++) {
		while (w->id[i] != want[k].user_id)
			i++;
		w->to[i] = want[k].seq;
	}
	free(want);
	return rc;
}

/* Rows of one person behind `from`, to all of his who have what is before
 * them: who was let in meanwhile may not, and is asked for again. */
static void
hand_out(struct person *u, const struct got *g, size_t n, uint64_t from,
    uint64_t to)
{
	for (struct conn *c = u->conns, *next; c != NULL; c = next) {
		next = c->unext;
		if (c->state != CONN_LIVE || c->last < from)
			continue;
		for (size_t i = 0; i < n; i++)
			conn_note(c, ITEM_NOTE, g[i].f, g[i].seq);
		if (c->last < to)
			c->last = to;
	}
	feed.stats.frames += n * u->n;
}

static void
news_of(const struct news *w, size_t i)
{
	struct person *u = hub_user(w->id[i]);
	const struct live_count *c = count_of(&w->count, w->id[i]);
	uint64_t to, version;
	struct got *g;
	size_t n;

	if (u == NULL || !u->known || c == NULL)
		return;
	version = u->version;
	to = w->to[i];
	g = got_of(&w->got, u->id, &n);
	hand_out(u, g, n, w->from[i].seq, to);
	if (u->seq < to)
		u->seq = to;
	u->heard_us = clock_mono();
	if (c->version > version) {
		u->version = c->version;
		u->unread = c->unread;
		u->unseen = c->unseen;
		user_counts(u, clock_mono());
	}
	if (to < c->seq || least(u) < to)
		feed_dirty(u);		/* there is more of it */
}

static void
news_done(void *arg, int rc, const struct err *e)
{
	struct news *w = arg;

	f.asking = false;
	feed_felt(rc, e);
	feed.stats.rows += w->got.n;
	for (size_t i = 0; i < w->n; i++) {
		struct person *u = rc < 0 ? hub_user(w->id[i]) : NULL;

		if (rc >= 0)
			news_of(w, i);
		else if (u != NULL)
			feed_dirty(u);
	}
	got_free(&w->got);
	free(w->count.row);
	free(w);
	/* Without a database the tick tries again. */
	if (rc >= 0)
		feed_pump();
}

void
feed_pump(void)
{
	struct news *w;
	struct person *u;

	if (f.asking || f.dirty == NULL || session_unsure())
		return;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("feed: out of memory");
	while (w->n < NEWS_USERS && (u = f.dirty) != NULL) {
		f.dirty = u->dnext;
		u->dirty = false;
		if (u->n == 0) {
			free(u);	/* nobody is there any more */
			continue;
		}
		if (!u->known)
			continue;
		w->id[w->n] = u->id;
		w->from[w->n++] = (struct live_want){ u->id, least(u) };
	}
	if (w->n == 0) {
		free(w);
		return;
	}
	f.asking = true;
	desk_post(feed.news, news_run, news_done, w);
}

/* --- searching ------------------------------------------------------------------- */

/* What was asked after all that is known was heard does not go back: but for
 * a backup that was restored.  What clients hold is of another time then. */
static void
start_again(struct person *u, const struct live_count *c)
{
	log_warn("the inbox of user %" PRIu64 " went back from version %"
	    PRIu64 " to %" PRIu64, u->id, u->version, c->version);
	u->seq = c->seq;
	u->version = c->version;
	u->unread = c->unread;
	u->unseen = c->unseen;
	u->heard_us = clock_mono();
	for (struct conn *x = u->conns; x != NULL; x = x->unext)
		if (x->state == CONN_LIVE) {
			x->last = c->seq;
			conn_say(x, ITEM_RELOAD, c->seq);
		}
	user_counts(u, clock_mono());
}

void
feed_know(const struct live_count *c, int64_t began_us)
{
	struct person *u = hub_user(c->user_id);

	if (u == NULL || !u->known)
		return;
	if (c->seq > u->seq) {
		feed_dirty(u);
	} else if (c->seq < u->seq || c->version < u->version) {
		if (began_us > u->heard_us)
			start_again(u, c);
	} else if (c->version > u->version) {
		u->version = c->version;
		u->unread = c->unread;
		u->unseen = c->unseen;
		user_counts(u, clock_mono());
	}
}

struct search {
	int64_t		 since_us, began_us;	/* monotonic */
	bool		 far, round;
	uint64_t	 id[LIVE_BATCH];
	size_t		 n;
	struct count_list count;
	uint64_t	 statements;
};

static int
search_run(struct db *db, void *arg, struct err *e)
{
	struct search *s = arg;

	/* Not when it was posted: work before it may have taken long. */
	s->began_us = clock_mono();
	return s->round ? ask_counts(db, s->id, s->n, &s->count,
	    &s->statements, e) : ask_changed(db, s->began_us -
	    s->since_us, &s->count, e);
}

static void search(int64_t now_us);

static void
search_free(struct search *s)
{
	if (s != NULL)
		free(s->count.row);
	free(s);
}

static void
search_done(void *arg, int rc, const struct err *e)
{
	struct search *s = arg;

	feed_felt(rc, e);
	if (s->round)
		f.rounding = NULL;
	else
		f.searching = NULL;
	if (rc >= 0) {
		for (size_t i = 0; i < s->count.n; i++)
			feed_know(&s->count.row[i], s->began_us);
		if (!s->round)
			f.searched_us = s->began_us;
		if (s->far)
			f.far_us = s->began_us;
		else if (!s->round)
			f.found = s->count.n;
	} else if (s->round) {
		f.cursor = 0;		/* the whole round again */
	}
	search_free(s);
	feed_pump();
	if (rc >= 0 && f.again && !f.searching)
		search(clock_mono());
}

static struct search *
search_new(void)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		fatal("feed: out of memory");
	return s;
}

/*
 * From where the last search that worked began, and more: a row is dated by
 * its statement and seen at its commit.  Once a second much more; less of it
 * while a campaign writes to everybody, for all of that comes along: the round
 * is there for commits that are later still.
 */
static void
search(int64_t now_us)
{
	struct search *s;

	/* While the database is away nobody is let in: then this asks whether
	 * it is back, or nobody ever would. */
	if (f.searching)
		return;
	if (hub_users() == 0 && feed.lost_us == 0) {
		f.searched_us = f.far_us = now_us;
		return;
	}
	s = search_new();
	s->far = now_us - f.far_us >= US_PER_S;
	s->since_us = s->far ? f.far_us - (f.found > MANY ? FAR_US / 5 :
	    FAR_US) :
	    f.searched_us - OVERLAP_US / 4;
	f.searching = s;
	f.again = false;
	feed.stats.searches++;
	desk_post(feed.look, search_run, search_done, s);
}

/* A hundredth of all who are connected, or a batch. */
static void
go_round(void)
{
	struct search *s;
	size_t most = hub_users() / ROUND_TICKS + 32;

	if (f.rounding || hub_users() == 0)
		return;
	/* Few are asked about in one go, once a round. */
	if (f.cursor == 0 && f.tick % (hub_users() > LIVE_BATCH ? 1 :
	    ROUND_TICKS) != 0)
		return;
	if (hub_users() <= LIVE_BATCH || most > LIVE_BATCH)
		most = LIVE_BATCH;
	s = search_new();
	s->round = true;
	s->n = hub_some_users(&f.cursor, s->id, most);
	if (s->n == 0) {
		free(s);
		return;
	}
	f.rounding = s;
	desk_post(feed.look, search_run, search_done, s);
}

void
feed_tick(int64_t now_us)
{
	f.tick++;
	search(now_us);
	go_round();
	admit_tick(now_us);
	feed_pump();
}

void
feed_bell(struct bell *b)
{
	struct bell_hint h[BELL_HINTS];
	bool search_too = false;
	int n;

	while ((n = bell_take(b, h)) >= 0) {
		search_too = search_too || n == 0;
		for (int i = 0; i < n; i++) {
			struct person *u = hub_user(h[i].user_id);

			if (u == NULL)
				continue;
			feed_dirty(u);
			for (struct conn *c = u->conns, *next; c != NULL;
			    c = next) {
				next = c->unext;
				if (c->state != CONN_LIVE)
					continue;
				if (h[i].read_id != 0)
					conn_say(c, ITEM_READ,
					    h[i].read_id);
				if (h[i].read_upto != 0)
					conn_say(c, ITEM_READ_UPTO,
					    h[i].read_upto);
			}
		}
	}
	/* One that is under way may have looked already. */
	f.again = f.again || (search_too && f.searching);
	if (search_too)
		search(clock_mono());
	feed_pump();
}

void
feed_init(int wake_fd, void (*soon)(int64_t us))
{
	memset(&f, 0, sizeof(f));
	feed.news = desk_new(DB_LIVE, wake_fd);
	feed.look = desk_new(DB_LIVE, wake_fd);
	feed.write = desk_new(DB_LIVE, wake_fd);
	f.searched_us = f.far_us = clock_mono();
	admit_init(soon);
}

void
feed_reap(void)
{
	(void)desk_reap(feed.news);
	(void)desk_reap(feed.look);
	(void)desk_reap(feed.write);
}

void
feed_fini(void)
{
	desk_free(feed.news);
	desk_free(feed.look);
	desk_free(feed.write);
	/* Whose answer nobody takes now. */
	search_free(f.searching);
	search_free(f.rounding);
	admit_fini();
	ask_fini();
	while (f.dirty != NULL) {
		struct person *u = f.dirty;

		f.dirty = u->dnext;
		if (u->n == 0)
			free(u);
		else
			u->dirty = false;
	}
}

void
feed_report(void)
{
	const struct feed_stats *s = &feed.stats;

	log_event("live", LOG_KI("connections", hub_size()),
	    LOG_KI("people", hub_users()), LOG_KI("admitted", s->admitted),
	    LOG_KI("admissions", s->admissions),
	    LOG_KI("statements", s->statements),
	    LOG_KI("searches", s->searches), LOG_KI("rows", s->rows),
	    LOG_KI("frames", s->frames), LOG_KI("orders", s->orders));
}
