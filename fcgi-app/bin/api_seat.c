/*
 * api_seat.c - starting, watching and ending single children.
 */
#include "bin/api_seat.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVED_US	(10 * US_PER_S)	/* longer is no quick end */
#define DELAY_US	(US_PER_S / 10)
#define DELAY_MAX_US	(10 * US_PER_S)
#define LANE_DELAY_MAX_US US_PER_S	/* without one nobody signs in */
#define GRACE_US	(5 * US_PER_S)	/* past the request's deadline */
#define HASH_SLICE_NS	100000
#define HASH_NICE	19

static const char *
seat_name(const struct seat *s)
{
	switch (s->kind) {
	case SEAT_REVOKE:
		return "revoke";
	case SEAT_WORKER:
		return "worker";
	case SEAT_LIVE:
		return "live";
	case SEAT_LANE:
		return "lane";
	case SEAT_POOL:
		break;
	}
	return pool_name(s->pool);
}

/* The gateway lies beside the worker. */
static const char *
program_of(const struct master *m, enum seat_kind kind, char path[200])
{
	const char *slash = strrchr(m->options->worker, '/');

	if (kind == SEAT_WORKER)
		return m->options->worker;
	snprintf(path, 200, "%.*sgatepost-live", slash == NULL ? 0 :
	    (int)(slash + 1 - m->options->worker), m->options->worker);
	return path;
}

void
seat_add(struct master *m, enum seat_kind kind, enum pool pool)
{
	char path[200];

	if (kind == SEAT_LIVE && access(program_of(m, kind, path), X_OK) <
	    0) {
		log_warn("%s is not there: nobody serves "
		    "/ws/notifications/", path);
		return;
	}
	if (m->seats == SEATS_MAX) {
		log_warn("more than %d children: the rest is left out",
		    SEATS_MAX);
		return;
	}
	m->seat[m->seats++] = (struct seat){ .kind = kind, .pool = pool };
}

static struct shm_slot *
free_slot(struct master *m)
{
	for (size_t i = 0; i < SHM_SLOTS; i++) {
		struct shm_slot *s = shm_slot(m->shm, i);

		if (s->pid == 0)
			return s;
	}
	return NULL;
}

static void
clear_slot(struct shm_slot *s)
{
	if (s == NULL)
		return;
	s->busy = 0;
	s->waiting = 0;
	s->requests = 0;
	s->since_us = 0;
	s->pid = 0;
}

/* --- in the child ----------------------------------------------------------- */

/* Ours to keep: nobody's signals, and the end of our master is our end. */
static void
settle(const struct seat *s, pid_t master)
{
	char name[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		_exit(0);
	snprintf(name, sizeof(name), "gp-%s", seat_name(s));
	prctl(PR_SET_NAME, name);
}

static void
close_others(struct master *m, int keep)
{
	close(m->signals);
	for (int p = 0; p < POOLS; p++)
		if (m->sockets.fd[p] >= 0 && m->sockets.fd[p] != keep)
			close(m->sockets.fd[p]);
}

/* Each keeps its own end, or a lane would never see that nobody asks. */
static void
close_lanes(struct master *m, int keep)
{
	if (m->lane.ask == keep)
		m->lane.ask = -1;
	if (m->lane.serve == keep)
		m->lane.serve = -1;
	lane_close(&m->lane);
}

NORETURN static void
be_program(const struct master *m, const struct seat *s)
{
	char path[200];
	const char *program = program_of(m, s->kind, path);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (m->options->config == NULL)
		execl(program, program, (char *)NULL);
	else
		execl(program, program, "--config", m->options->config,
		    (char *)NULL);
	log_error("%s: %s", program, strerror(errno));
	_exit(EXIT_OS);
}

/*
 * One lane not niced doubles the gate's p99 (D2).  Since Linux 6.12 whoever
 * runs is let finish its slice even by those it gives way to; ours is the
 * shortest there is (sched(7), sched_setattr(2)).  Older kernels ignore that.
 */
static void
give_way(void)
{
	const struct sched_attr a = { .size = sizeof(a),
	    .sched_policy = SCHED_NORMAL, .sched_nice = HASH_NICE,
	    .sched_runtime = HASH_SLICE_NS };

	/* What keeps us from realtime may refuse the call whatever it asks. */
	if (syscall(SYS_sched_setattr, 0, &a, 0) < 0 &&
	    setpriority(PRIO_PROCESS, 0, HASH_NICE) < 0)
		log_warn("nice: %s", strerror(errno));
}

NORETURN static void
be_pool(struct master *m, const struct seat *s)
{
	const struct child c = { .pool = s->pool,
	    .fd = m->sockets.fd[s->pool], .shm = m->shm, .slot = s->slot,
	    .pool_size = m->size[s->pool],
	    .lane = s->pool == POOL_HASH ? m->lane.ask : -1 };

	close_others(m, c.fd);
	close_lanes(m, c.lane);
	s->slot->pid = getpid();
	s->slot->pool = (uint8_t)s->pool;
	if (s->pool == POOL_HASH)
		give_way();
	_exit(child_serve(&c));
}

NORETURN static void
be_lane(struct master *m, const struct seat *s)
{
	int serve = m->lane.serve;

	close_others(m, -1);
	close_lanes(m, serve);
	s->slot->pid = getpid();
	s->slot->pool = SHM_POOLS;		/* of none */
	give_way();
	_exit(child_lane(serve, s->slot));
}

NORETURN static void
become(struct master *m, const struct seat *s, pid_t master)
{
	settle(s, master);
	if (s->kind == SEAT_WORKER || s->kind == SEAT_LIVE) {
		close_others(m, -1);
		close_lanes(m, -1);
		be_program(m, s);
	}
	child_signals();
	if (s->kind == SEAT_POOL)
		be_pool(m, s);
	if (s->kind == SEAT_LANE)
		be_lane(m, s);
	close_others(m, -1);
	close_lanes(m, -1);
	_exit(revoke_serve(m->shm, m->proved || m->options->no_prove));
}

/* --- in the master ---------------------------------------------------------- */

static void
put_off(struct seat *s, int64_t now)
{
	int64_t delay = DELAY_US << (s->fails > 7 ? 7 : s->fails);
	int64_t max = s->kind == SEAT_LANE ? LANE_DELAY_MAX_US : DELAY_MAX_US;

	s->fails++;
	s->start_at_us = now + (delay > max ? max : delay);
}

void
seat_start(struct master *m, struct seat *s)
{
	pid_t master = getpid(), pid;

	s->slot = NULL;
	if ((s->kind == SEAT_POOL || s->kind == SEAT_LANE) &&
	    (s->slot = free_slot(m)) == NULL) {
		log_error("no slot free on the scoreboard");
		put_off(s, clock_mono());
		return;
	}
	s->killed = false;
	pid = fork();
	if (pid == 0)
		become(m, s, master);
	if (pid < 0) {
		log_error("fork: %s", strerror(errno));
		s->slot = NULL;
		put_off(s, clock_mono());
		return;
	}
	s->pid = pid;
	s->started_us = clock_mono();
	/* By the child too, whoever is first: the slot is taken. */
	if (s->slot != NULL)
		s->slot->pid = pid;
}

static int64_t
deadline_us(void)
{
	return conf_int(CONF_DEADLINE_S) * US_PER_S + GRACE_US;
}

void
seat_dismiss(struct master *m, const struct seat *s, int sig)
{
	if (s->pid == 0)
		return;
	if (m->leavers == COUNT_OF(m->leaver)) {
		kill(s->pid, SIGKILL);
		return;
	}
	m->leaver[m->leavers++] = (struct leaver){ .pid = s->pid,
	    .slot = s->slot, .kill_at_us = clock_mono() + deadline_us() };
	kill(s->pid, sig);
}

static void
log_end(const struct seat *s, int status, bool quick)
{
	if (WIFSIGNALED(status) && !s->killed)
		log_error("child %s (%d) was killed by signal %d",
		    seat_name(s), (int)s->pid, WTERMSIG(status));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_error("child %s (%d) ended with status %d", seat_name(s),
		    (int)s->pid, WEXITSTATUS(status));
	else if (quick)
		log_warn("child %s (%d) ended early", seat_name(s),
		    (int)s->pid);
}

/* A recycled child is replaced at once, a crashing one ever more slowly. */
static int
plan_next(struct seat *s, int status)
{
	int64_t now = clock_mono();
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool quick = !clean && now - s->started_us < LIVED_US;

	log_end(s, status, quick);
	clear_slot(s->slot);
	s->slot = NULL;
	s->pid = 0;
	if (!quick)
		s->fails = 0;
	if (clean && s->kind == SEAT_POOL)
		s->start_at_us = now;
	else
		put_off(s, now);
	return s->kind == SEAT_REVOKE && WIFEXITED(status) ?
	    WEXITSTATUS(status) : 0;
}

int
seat_ended(struct master *m, pid_t pid, int status)
{
	for (size_t i = 0; i < m->leavers; i++) {
		if (m->leaver[i].pid != pid)
			continue;
		clear_slot(m->leaver[i].slot);
		m->leaver[i] = m->leaver[--m->leavers];
		return 0;
	}
	for (size_t i = 0; i < m->seats; i++)
		if (m->seat[i].pid == pid)
			return plan_next(&m->seat[i], status) == EXIT_CONFIG ?
			    EXIT_CONFIG : 0;
	return 0;
}

void
seat_watch(struct master *m, int64_t now_us)
{
	int64_t limit = deadline_us();

	for (size_t i = 0; i < m->seats; i++) {
		struct seat *s = &m->seat[i];

		if (s->pid == 0 || s->slot == NULL || s->slot->busy == 0 ||
		    s->killed || now_us - s->slot->since_us <= limit)
			continue;
		log_error("child %s (%d) is stuck in a request: killed",
		    seat_name(s), (int)s->pid);
		s->killed = true;
		kill(s->pid, SIGKILL);
	}
	for (size_t i = 0; i < m->leavers; i++)
		if (m->leaver[i].kill_at_us <= now_us) {
			log_error("child %d does not leave: killed",
			    (int)m->leaver[i].pid);
			m->leaver[i].kill_at_us = now_us + GRACE_US;
			kill(m->leaver[i].pid, SIGKILL);
		}
}
