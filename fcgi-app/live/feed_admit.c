/*
 * feed_admit.c - admissions: where the inboxes of new connections stand, and
 * what they missed; many of them a statement.
 *
 * One that comes alone waits some milliseconds.  When a gateway was started
 * again and thousands come, each batch is what gathered in a good while: what
 * counts then is that the database has work for few and not for all of them.
 */
#include "live/feed_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#define BATCH		500
#define ALONE_US	5000
#define CROWD_US	400000
#define CROWD		6u		/* within … */
#define CROWD_SPAN_US	200000

static struct {
	struct conn	*first, **last;
	size_t		 waiting;
	bool		 asking, planned;
	unsigned	 came, came_before;	/* in this span, the last */
	int64_t		 span_us;	/* when this one began */
	void		(*soon)(int64_t us);
} w;

struct one {
	struct conn	*c;
	uint64_t	 user_id, session_id, after, seq;
	int64_t		 iat_s;
	bool		 has_after, reload;
	bool		 ok;		/* its ticket, if it has one */
	bool		 proved;	/* its session lives */
	bool		 later;		/* there was too much to say */
};

struct admission {
	struct one	 one[BATCH];
	size_t		 n;
	uint8_t		 hash[BATCH][32];
	size_t		 hash_of[BATCH], hashes;
	uint64_t	 key;		/* of the use of tickets */
	struct count_list count;
	struct got_list	 missed, unread;
	uint64_t	 statements;
	int64_t		 began_us;
};

static bool
is_in(const struct one *o)
{
	return o->ok && o->proved;
}

/* --- on the desk ---------------------------------------------------------------- */

static int
use_tickets(struct db *db, struct admission *a, struct err *e)
{
	bool ok[BATCH];

	if (a->hashes == 0)
		return 0;
	a->statements += 2;
	if (live_ticket_use(db, (const uint8_t (*)[32])a->hash, a->hashes,
	    a->key, ok, e) < 0)
		return -1;
	for (size_t i = 0; i < a->hashes; i++)
		a->one[a->hash_of[i]].ok = ok[i];
	return 0;
}

struct proving { struct admission *a; const struct live_session *it; };

static int
session_row(void *arg, struct err *e)
{
	const struct proving *p = arg;

	(void)e;
	for (size_t i = 0; i < p->a->n; i++)
		if (p->a->one[i].session_id == p->it->session_id &&
		    p->a->one[i].iat_s == p->it->iat_s)
			p->a->one[i].proved = true;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t
distinct(uint64_t *id, size_t n)
{
	size_t kept = 0;

	if (n > 0)
		qsort(id, n, sizeof(*id), by_id);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || id[i] != id[kept - 1])
			id[kept++] = id[i];
	return kept;
}

/* Who came while the list of revocations was too old to know. */
static int
prove_sessions(struct db *db, struct admission *a, struct err *e)
{
	struct live_session s[BATCH], it;
	struct proving p = { a, &it };
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (!a->one[i].proved)
			s[n++] = (struct live_session){
			    a->one[i].session_id, a->one[i].user_id,
			    a->one[i].iat_s };
	if (n == 0)
		return 0;
	a->statements++;
	return live_sessions(db, s, n, &it, session_row, &p, e) < 0 ? -1 :
	    0;
}

static void
leave_for_later(struct admission *a, uint64_t user_id)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->one[i].user_id == user_id)
			a->one[i].later = true;
}

/* The rows behind the seqs that were named; of two tabs of one person the
 * further one back covers the other. */
static int
ask_missed(struct db *db, struct admission *a, struct err *e)
{
	struct live_want from[BATCH], *want = NULL;
	size_t n = 0, wants = 0, asked;
	int rc;

	for (size_t i = 0; i < a->n; i++) {
		struct one *o = &a->one[i];
		size_t k = 0;

		if (!is_in(o) || !o->has_after || o->reload ||
		    o->after == o->seq)
			continue;
		while (k < n && from[k].user_id != o->user_id)
			k++;
		if (k == n)
			from[n++] = (struct live_want){ o->user_id,
			    o->after };
		else if (o->after < from[k].seq)
			from[k].seq = o->after;
	}
	if (n == 0)
		return 0;
	if ((want = malloc(n * MISSED_MAX * sizeof(*want))) == NULL)
		fatal("feed: out of memory");
	for (size_t k = 0; k < n; k++) {
		const struct live_count *c = count_of(&a->count,
		    from[k].user_id);

		for (uint64_t s = from[k].seq + 1; c != NULL && s <= c->seq;
		    s++)
			want[wants++] = (struct live_want){ from[k].user_id,
			    s };
	}
	rc = ask_rows(db, want, wants, &a->missed, &asked, &a->statements,
	    e);
	for (size_t i = asked; rc >= 0 && i < wants; i++)
		if (i == asked || want[i].user_id != want[i - 1].user_id)
			leave_for_later(a, want[i].user_id);
	free(want);
	return rc;
}

static int
ask_all_unread(struct db *db, struct admission *a, struct err *e)
{
	struct unread_of u[BATCH];
	uint64_t few[BATCH];
	size_t n = 0, k = 0, asked;

	for (size_t i = 0; i < a->n; i++)
		if (is_in(&a->one[i]) && !a->one[i].has_after)
			few[n++] = a->one[i].user_id;
	n = distinct(few, n);
	for (size_t i = 0; i < n; i++) {
		const struct live_count *c = count_of(&a->count, few[i]);

		if (c != NULL && c->unread > 0)
			u[k++] = (struct unread_of){ few[i], c->unread };
	}
	if (k == 0)
		return 0;
	if (ask_unread(db, u, k, &a->unread, &asked, &a->statements, e) < 0)
		return -1;
	for (size_t i = asked; i < k; i++)
		leave_for_later(a, u[i].user_id);
	return 0;
}

static int
admission_run(struct db *db, void *arg, struct err *e)
{
	struct admission *a = arg;
	uint64_t id[BATCH];
	size_t n = 0;

	a->began_us = clock_mono();
	if (prove_sessions(db, a, e) < 0 || use_tickets(db, a, e) < 0)
		return -1;
	for (size_t i = 0; i < a->n; i++)
		if (is_in(&a->one[i]))
			id[n++] = a->one[i].user_id;
	n = distinct(id, n);
	if (n > 0 && ask_counts(db, id, n, &a->count, &a->statements, e) < 0)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		struct one *o = &a->one[i];
		const struct live_count *c = count_of(&a->count, o->user_id);

		o->seq = c == NULL ? 0 : c->seq;
		o->reload = o->has_after && (o->after > o->seq ||
		    o->seq - o->after > MISSED_MAX);
	}
	if (ask_missed(db, a, e) < 0)
		return -1;
	return ask_all_unread(db, a, e);
}

/* --- on the loop ----------------------------------------------------------------- */

/* Do many come? */
static bool
crowd(void)
{
	int64_t now_us = clock_mono(), spans = (now_us - w.span_us) /
	    CROWD_SPAN_US;

	if (spans > 0) {
		w.came_before = spans == 1 ? w.came : 0;
		w.came = 0;
		w.span_us = now_us;
	}
	return w.came + w.came_before >= CROWD;
}

static void
put_back(struct conn *c)
{
	c->wnext = NULL;
	*w.last = c;
	w.last = &c->wnext;
	w.waiting++;
}

static void
know(struct person *u, const struct admission *a)
{
	static const struct live_count none;
	const struct live_count *c = count_of(&a->count, u->id);

	if (c == NULL)
		c = &none;
	if (u->known) {
		if (c->user_id != 0)
			feed_know(c, a->began_us);
		return;
	}
	u->known = true;
	u->seq = c->seq;
	u->version = c->version;
	u->unread = c->unread;
	u->unseen = c->unseen;
	u->heard_us = clock_mono();
}

/* What it missed, or that it is too much. */
static void
tell_missed(struct conn *c, const struct one *o, const struct admission *a)
{
	size_t n, bytes = 0;
	struct got *g = got_of(o->has_after ? &a->missed : &a->unread,
	    o->user_id, &n);

	c->last = o->has_after && !o->reload ? o->after : 0;
	for (size_t i = 0; i < n; i++)
		if (g[i].seq > c->last && g[i].seq <= o->seq)
			bytes += g[i].f->len;
	if (o->reload || bytes > MISSED_BYTES)
		conn_say(c, ITEM_RELOAD, o->seq);
	else
		for (size_t i = 0; i < n && g[i].seq <= o->seq; i++)
			conn_note(c, ITEM_MISSED, g[i].f, g[i].seq);
	c->last = o->seq;
}

static void
admitted(struct one *o, const struct admission *a)
{
	struct conn *c = o->c;

	if (c->wire == NULL || c->state != CONN_WAITING)
		return;
	if (!is_in(o)) {
		conn_bye(c, o->proved ? BYE_EXPIRED : BYE_REVOKED);
		return;
	}
	know(c->user, a);
	conn_ready(c, o->seq);
	tell_missed(c, o, a);
	/* The others of his may be ahead of what was read here. */
	if (c->user->seq > c->last)
		feed_dirty(c->user);
	feed.stats.admitted++;
}

static void
admission_done(void *arg, int rc, const struct err *e)
{
	struct admission *a = arg;

	w.asking = false;
	feed_felt(rc, e);
	feed.stats.admissions++;
	feed.stats.statements += a->statements;
	for (size_t i = 0; i < a->n; i++) {
		struct conn *c = a->one[i].c;

		if (rc < 0 || (a->one[i].later && is_in(&a->one[i]))) {
			/* Its ticket was used, for it: a second time the row
			 * would be another's. */
			if (a->one[i].ok)
				c->ticket = 0;
			put_back(c);
			continue;
		}
		admitted(&a->one[i], a);
		hub_unpin(c);
	}
	got_free(&a->missed);
	got_free(&a->unread);
	free(a->count.row);
	free(a);
	if (rc >= 0) {
		feed_pump();
		if (w.first != NULL && !w.planned) {
			w.planned = true;
			w.soon(crowd() ? CROWD_US : ALONE_US);
		}
	}
}

/* The pin is from the waiting on: who leaves meanwhile is found gone here. */
static void
begin(void)
{
	struct admission *a;
	struct conn *c;

	w.planned = false;
	if (w.asking || w.first == NULL)
		return;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("feed: out of memory");
	a->key = rand_id();
	while (a->n < BATCH && (c = w.first) != NULL) {
		struct one *o = &a->one[a->n];

		if ((w.first = c->wnext) == NULL)
			w.last = &w.first;
		w.waiting--;
		if (c->wire == NULL || c->state != CONN_WAITING) {
			hub_unpin(c);
			continue;
		}
		*o = (struct one){ .c = c, .user_id = c->user->id,
		    .session_id = c->session_id, .iat_s = c->iat_s,
		    .after = c->last, .has_after = c->has_after,
		    .ok = !c->ticket, .proved = !c->unproved };
		if (c->ticket) {
			a->hash_of[a->hashes] = a->n;
			memcpy(a->hash[a->hashes++], c->hash, 32);
		}
		a->n++;
	}
	if (a->n == 0) {
		free(a);
		return;
	}
	w.asking = true;
	desk_post(feed.look, admission_run, admission_done, a);
}

void
feed_gathered(void)
{
	begin();
}

void
feed_admit(struct conn *c)
{
	crowd();
	w.came++;
	hub_pin(c);
	put_back(c);
	if (w.waiting >= BATCH) {
		begin();
	} else if (!w.planned && !w.asking) {
		w.planned = true;
		w.soon(crowd() ? CROWD_US : ALONE_US);
	}
}

/* After a failure: the tick tries again. */
void
admit_tick(int64_t now_us)
{
	(void)now_us;
	if (!w.planned)
		begin();
}

void
admit_init(void (*soon)(int64_t us))
{
	memset(&w, 0, sizeof(w));
	w.last = &w.first;
	w.soon = soon;
}

void
admit_fini(void)
{
	while (w.first != NULL) {
		struct conn *c = w.first;

		w.first = c->wnext;
		hub_unpin(c);
	}
}
