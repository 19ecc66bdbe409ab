/*
 * loop.c - the loop: what is due when, and the end.
 */
#include "worker/loop_own.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/mail_block.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"

#define LOOK_US		(10 * US_PER_S)	/* at the providers' settings */
#define EVACUATE	64u	/* jobs a round */
#define SAY_US		(5 * US_PER_S)
#define SOON_US		(250 * MS)	/* run_once waits for what is due then */

static volatile sig_atomic_t stop_asked;
static int stop_fd = -1;

void
worker_stop(void)
{
	static const uint64_t one = 1;
	int saved = errno;

	stop_asked = 1;
	if (stop_fd != -1)
		(void)!write(stop_fd, &one, sizeof(one));
	errno = saved;
}

int64_t
loop_db_now(const struct loop *l)
{
	return clock_mono() + l->db_offset;
}

void
loop_complain(struct loop *l, const char *what, const struct err *e)
{
	int64_t now = clock_mono();

	if (now - l->said_us < SAY_US)
		return;
	l->said_us = now;
	log_err(LOG_WARN_, what, e);
}

/* A lane that nobody serves any more and that holds nothing. */
static struct lane *
reuse(struct loop *l, const char *name)
{
	for (size_t i = 0; i < l->lanes && !l->taking; i++) {
		struct lane *lane = &l->lane[i];

		if (lane->p != NULL || lane_waiting(lane) > 0 ||
		    lane->flying > 0 || lane->asking || lane->pace_asking ||
		    lane->token_asked || lane->gate != GATE_CLOSED_OK)
			continue;
		lane_fini(lane);
		lane_init(lane, name, provider_find(name),
		    l->setup->inflight);
		lane->owner = l;
		return lane;
	}
	return NULL;
}

struct lane *
loop_lane(struct loop *l, const char *name)
{
	for (size_t i = 0; i < l->lanes; i++)
		if (strcmp(l->lane[i].name, name) == 0)
			return &l->lane[i];
	if (l->lanes == LANES_MAX)
		return reuse(l, name);
	lane_init(&l->lane[l->lanes], name, provider_find(name),
	    l->setup->inflight);
	l->lane[l->lanes].owner = l;
	return &l->lane[l->lanes++];
}

/* --- taking in -------------------------------------------------------------------- */

static void
rooms(struct loop *l)
{
	struct intake *in = &l->intake;

	in->lease_s = l->setup->lease_s;
	in->routes = loop_routes(l, in->route);
	in->queues = l->lanes + 1;
	for (unsigned c = 0; c < JOB_CLASSES; c++)
		in->queue[0].room[c] = l->setup->batch < PLAN_JOBS_MAX ?
		    l->setup->batch : PLAN_JOBS_MAX;
	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];
		struct intake_queue *q = &in->queue[i + 1];

		(void)text_copy(q->provider, sizeof(q->provider), lane->name);
		lane_room(lane, q->room);
		q->look = lane->gate == GATE_OPEN;
		/* What waits there goes to another account. */
		for (unsigned c = 0; c < JOB_CLASSES; c++)
			if (lane->p != NULL && !lane_flows(lane) &&
			    lane->seen && loop_has_other(l, lane))
				q->room[c] = EVACUATE;
		for (unsigned c = 0; c < JOB_CLASSES; c++)
			if (q->room[c] > l->setup->batch)
				q->room[c] = l->setup->batch;
	}
}

static int
take_run(struct db *db, void *arg, struct err *e)
{
	struct loop *l = arg;

	return intake_run(db, &l->intake, e);
}

static void
take_done(void *arg, int rc, const struct err *e)
{
	struct loop *l = arg;
	struct intake *in = &l->intake;
	int64_t now = clock_mono();
	struct item *it;

	l->taking = false;
	l->next_take_us = now + POLL_US;
	l->idle = rc == 0 && in->claimed == 0 && !in->more &&
	    (in->next_us == 0 || in->next_us > in->now_us + SOON_US);
	if (rc < 0) {
		loop_complain(l, "take work", e);
	} else {
		l->db_offset = in->now_us - in->mono_us;
		l->clock_known = true;
		if (in->more)
			l->want = true;
		if (in->next_us != 0 &&
		    in->next_us - l->db_offset < l->next_take_us)
			l->next_take_us = in->next_us - l->db_offset;
	}
	while ((it = item_list_take(&in->items)) != NULL) {
		struct lane *lane = loop_lane(l, it->provider);

		if (lane == NULL) {
			log_error("no lane for provider %s", it->provider);
			item_free(it);	/* its lease ends */
			continue;
		}
		lane_add(lane, it);
	}
	loop_routed(l, in->route, in->routes);
	for (size_t i = 0; i < l->lanes; i++)
		if (l->lane[i].p != NULL && !lane_flows(&l->lane[i]))
			loop_release(l, &l->lane[i],
			    loop_lane_wait(&l->lane[i]));
	for (size_t i = 0; i < in->plan.tell; i++)
		waiter_tell(l->setup->run_dir, in->plan.told[i].waiter,
		    in->plan.told[i].id);
	for (size_t i = 1; i < in->queues; i++) {
		struct intake_queue *q = &in->queue[i];

		l->lane[i - 1].due = false;
		for (unsigned c = 0; c < JOB_CLASSES; c++)
			if (q->full[c] || (q->due_us[c] != 0 &&
			    q->due_us[c] <= in->now_us))
				l->lane[i - 1].due = true;
		/* What could not be claimed for want of room is still due. */
		if (l->lane[i - 1].due && lane_flows(&l->lane[i - 1]))
			l->idle = false;
	}
}

static void
take(struct loop *l)
{
	int64_t now = clock_mono();

	for (size_t i = 0; i < l->lanes && !l->want; i++) {
		struct lane *lane = &l->lane[i];
		uint32_t room[JOB_CLASSES];

		/* There was more than it could hold: fetch before it is
		 * empty. */
		lane_room(lane, room);
		if (lane->due && lane_flows(lane) &&
		    lane_waiting(lane) < lane->cap &&
		    room[JOB_CLASSES - 1] > 0 &&
		    lane->gate != GATE_TRIAL) {
			lane->due = false;
			l->want = true;
		}
	}
	if (l->taking || l->stopping || !l->accounts_known || !l->seated ||
	    (!l->want && now < l->next_take_us))
		return;
	l->taking = true;
	l->want = false;
	rooms(l);
	desk_post(l->in_desk, take_run, take_done, l);
}

/* --- the loop ------------------------------------------------------------------------ */

static int
wait_ms(const struct loop *l)
{
	int64_t now = clock_mono(), at = now + 50 * MS;

	if (!l->taking && l->want && l->accounts_known && l->seated)
		return 0;
	if (!l->taking && !l->stopping && l->accounts_known && l->seated &&
	    l->next_take_us < at)
		at = l->next_take_us;
	if (campaigning_wake_us(l->campaigns) != 0 &&
	    campaigning_wake_us(l->campaigns) < at)
		at = campaigning_wake_us(l->campaigns);
	if (loop_flush_us(l) != 0 && loop_flush_us(l) < at)
		at = loop_flush_us(l);
	for (size_t i = 0; i < l->lanes; i++) {
		const struct lane *lane = &l->lane[i];
		int64_t wake = lane_wake_us(lane, now);

		/* The end of a mark wakes us by itself. */
		if (wake == 0 && lane_waiting(lane) > 0 &&
		    l->departing < DEPART_OPS &&
		    lane_flows(lane) && lane->flying < lane->cap &&
		    lane_seats_left(lane, now) > 0 &&
		    (lane->gate != GATE_TRIAL || lane->flying == 0))
			wake = now + MS;
		if (wake != 0 && wake < at)
			at = wake;
	}
	return at <= now ? 0 : (int)((at - now + 999) / 1000);
}

static bool
nothing_held(const struct loop *l)
{
	for (size_t i = 0; i < l->lanes; i++)
		if (lane_waiting(&l->lane[i]) > 0 || l->lane[i].flying > 0)
			return false;
	return l->flyings == 0 && l->departing == 0 && loop_recorded(l);
}

static bool
over(struct loop *l)
{
	if (stop_asked && !l->stopping) {
		l->stopping = true;
		l->stop_us = clock_mono() + STOP_US;
	}
	if (l->stopping) {
		/* What has not left goes back; what has is waited for. */
		for (size_t i = 0; i < l->lanes; i++)
			loop_release(l, &l->lane[i], 0);
		loop_flush(l, true);
		return (nothing_held(l) && !l->taking) ||
		    clock_mono() > l->stop_us;
	}
	return l->setup->run_once && l->swept && l->idle && !l->taking &&
	    !l->want && nothing_held(l) && l->receipts_asked &&
	    l->receipt == NULL && campaigning_idle(l->campaigns) &&
	    (l->mx_desk == NULL || l->mx_done);
}

static void
drain_wakes(struct loop *l)
{
	uint64_t n;

	(void)!read(l->wake_fd, &n, sizeof(n));
}

static int
turn(struct loop *l, struct err *e)
{
	struct epoll_event ev[4];
	int n;

	loop_sweep(l);
	loop_seats(l);
	take(l);
	loop_trials(l);
	loop_tokens(l);
	if (!l->stopping)
		loop_dispatch(l);
	loop_pace(l);
	loop_flush(l, false);
	loop_extend(l);
	loop_mx(l);
	loop_receipts(l);
	campaigning_go(l->campaigns);
	if (net_step(l->net, wait_ms(l), l->ep_fd, e) < 0)
		return -1;
	n = epoll_wait(l->ep_fd, ev, (int)COUNT_OF(ev), 0);
	for (int i = 0; i < n; i++)
		if (ev[i].data.fd == l->wake_fd) {
			drain_wakes(l);
		} else {
			bell_drain(l->bell);
			l->want = l->mx_want = true;
		}
	(void)desk_reap(l->in_desk);
	(void)desk_reap(l->seal_desk);
	(void)desk_reap(l->mark_desk);
	(void)desk_reap(l->out_desk);
	if (l->mx_desk != NULL)
		(void)desk_reap(l->mx_desk);
	if (clock_mono() >= l->next_look_us) {
		l->next_look_us = clock_mono() + LOOK_US;
		loop_look(l);
	}
	return 0;
}

static int
watch(struct loop *l, int fd, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(l->ep_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_errno(e, "epoll", "epoll_ctl");
	return 0;
}

static int
begin(struct loop *l, struct err *e)
{
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->ep_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->wake_fd == -1 || l->ep_fd == -1)
		return err_errno(e, "worker", "eventfd or epoll");
	stop_fd = l->wake_fd;
	if ((l->net = net_new(e)) == NULL ||
	    (l->bell = bell_listen(l->setup->run_dir, "worker", e)) == NULL ||
	    watch(l, l->wake_fd, e) < 0 || watch(l, bell_fd(l->bell), e) < 0)
		return -1;
	if ((l->sweep = calloc(1, sizeof(*l->sweep))) == NULL)
		fatal("worker: out of memory");
	l->in_desk = desk_new(DB_WORKER, l->wake_fd);
	l->seal_desk = desk_new(DB_WORKER, l->wake_fd);
	l->mark_desk = desk_new(DB_WORKER, l->wake_fd);
	l->out_desk = desk_new(DB_WORKER, l->wake_fd);
	if (mail_mx_wanted())
		l->mx_desk = desk_new(DB_WORKER, l->wake_fd);
	l->campaigns = campaigning_new(l);
	l->owner = rand_id();
	for (size_t i = 0; providers[i] != NULL; i++)
		(void)loop_lane(l, providers[i]->name);
	loop_look(l);
	l->next_look_us = clock_mono() + LOOK_US;
	return 0;
}

static int
end_run(struct db *db, void *arg, struct err *e)
{
	struct loop *l = arg;

	(void)e;
	intake_stop(db, &l->intake);
	loop_seats_leave(db, l);
	sweep_stop(db, l->owner);
	return 0;
}

static void
end_done(void *arg, int rc, const struct err *e)
{
	(void)arg;
	(void)rc;
	(void)e;
}

static void
end(struct loop *l)
{
	if (l->in_desk != NULL)
		desk_post(l->in_desk, end_run, end_done, l);
	desk_free(l->in_desk);
	desk_free(l->seal_desk);
	desk_free(l->mark_desk);
	free(l->seating);		/* whose answer nobody takes now */
	desk_free(l->out_desk);
	desk_free(l->mx_desk);
	campaigning_free(l->campaigns);
	/* Transfers that are still open end without a callback. */
	net_free(l->net);
	bell_free(l->bell);
	for (size_t i = 0; i < l->lanes; i++)
		lane_fini(&l->lane[i]);
	for (size_t i = 0; i < l->flyings; i++)
		item_free(l->flying[i]);
	loop_forget_together(l);
	loop_forget_partings(l);
	receipt_round_free(l->receipt);
	if (l->sweep != NULL)
		accounts_drop(&l->sweep->accounts);
	free(l->sweep);
	stop_fd = -1;
	if (l->ep_fd != -1)
		close(l->ep_fd);
	if (l->wake_fd != -1)
		close(l->wake_fd);
}

int
worker_run(const struct worker_setup *s, struct err *e)
{
	struct loop *l = calloc(1, sizeof(*l));
	int rc = -1;

	if (l == NULL)
		fatal("worker: out of memory");
	stop_asked = 0;
	l->setup = s;
	l->wake_fd = l->ep_fd = -1;
	item_list_init(&l->intake.items);
	if (begin(l, e) < 0)
		goto out;
	if (s->ready != NULL)
		s->ready();
	while (!over(l))
		if (turn(l, e) < 0)
			goto out;
	rc = 0;
out:
	end(l);
	free(l);
	return rc;
}
