/*
 * api_master.c - keeps the children: as many as wanted, none stuck, none
 * lost, and reload and restart without a failed request.
 *
 * The master takes no request and talks to no database, so nothing that a
 * client or a server does can hold it up.  A seat is a child that should
 * live; a leaver is one that was told to go and may finish what it has.
 */
#include "bin/api_seat.h"
#include "auth/lane.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/metric.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS		250
#define OTHER_BACKLOG	512
#define HASH_BACKLOG	80		/* a lane (D3) */
/* Children beyond the lanes: they talk to the database while others hash. */
#define HASH_SPARE	2

static struct master m = { .lane = LANE_ENDS_NONE };

static void
set_sizes(void)
{
	m.size[POOL_GATE] = (unsigned)conf_int(CONF_POOL_GATE);
	m.size[POOL_MAIN] = (unsigned)conf_int(CONF_POOL_MAIN);
	m.size[POOL_HASH] = lanes_wanted() + HASH_SPARE;
	m.size[POOL_OUT] = (unsigned)conf_int(CONF_POOL_OUT);
	for (int p = 0; p < POOLS; p++)
		if (m.options->pool[p] > 0)
			m.size[p] = (unsigned)m.options->pool[p];
}

/* --- start ---------------------------------------------------------------- */

/* What this master's files are called by: its only pool, or "". */
static const char *
own_name(void)
{
	return m.options->only < 0 ? "" :
	    pool_name((enum pool)m.options->only);
}

static int
write_pid(struct err *e)
{
	char text[24];
	int fd, n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	snprintf(m.pid_path, sizeof(m.pid_path), "%s/%s.pid",
	    conf_str(CONF_RUN_DIR), *own_name() == '\0' ? "api" :
	    own_name());
	fd = open(m.pid_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(e, "pid", "%s", m.pid_path);
	if (write(fd, text, (size_t)n) != n)
		err_errno(e, "pid", "%s", m.pid_path);
	close(fd);
	return e->kind == ERR_NONE ? 0 : -1;
}

/* In a process of its own: 250 prepared statements are heap we never want. */
static int
prove_apart(void)
{
	int status = 0;
	pid_t pid;

	if (m.options->no_prove)
		return 0;
	if ((pid = fork()) == 0)
		_exit(prove());
	if (pid < 0)
		return EXIT_OS;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_OS;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CONFIG;
}

static void
block_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	m.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m.signals < 0)
		fatal("signalfd: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
}

static int
open_all(struct err *e)
{
	const char *only = own_name();
	unsigned backlog[POOLS];
	char path[200];

	for (int p = 0; p < POOLS; p++)
		backlog[p] = OTHER_BACKLOG;
	backlog[POOL_HASH] = lanes_wanted() * HASH_BACKLOG;
	if (sockets_open(&m.sockets, backlog, m.options->only, e) < 0)
		return -1;
	/*
	 * A master of one pool stands beside another: it has files of its own,
	 * for the scoreboard and the list have one writer.  What the other's
	 * children revoke it reads from the database, as another host does.
	 */
	snprintf(path, sizeof(path), "%s/%s%s", conf_str(CONF_RUN_DIR),
	    only[0] == '\0' ? "shm" : "shm-", only);
	if ((m.shm = shm_create(path, e)) == NULL)
		return -1;
	metric_use(m.shm);
	return write_pid(e);
}

/* --- the day ---------------------------------------------------------------- */

static void
fill_seats(void)
{
	m.seats = 0;
	seat_add(&m, SEAT_REVOKE, POOL_MAIN);
	for (unsigned i = 0; m.sockets.fd[POOL_HASH] >= 0 &&
	    i < lanes_wanted(); i++)
		seat_add(&m, SEAT_LANE, POOL_HASH);
	for (int p = 0; p < POOLS; p++)
		for (unsigned i = 0; m.sockets.fd[p] >= 0 && i < m.size[p];
		    i++)
			seat_add(&m, SEAT_POOL, (enum pool)p);
	if (m.options->worker != NULL) {
		seat_add(&m, SEAT_WORKER, POOL_MAIN);
		seat_add(&m, SEAT_LIVE, POOL_MAIN);
	}
}

/* Would they start?  Asked in a child, so that a broken file changes nothing
 * of what runs. */
static bool
settings_load(void)
{
	struct err e = ERR_INIT;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (api_load(m.options, &e) < 0) {
			log_err(LOG_ERROR_, "reload", &e);
			_exit(1);
		}
		_exit(0);
	}
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * New children first, then the old are told to go: between the two nobody
 * waits, for both accept from the same sockets.
 */
static void
reload(void)
{
	static struct seat old[SEATS_MAX];
	struct lane_ends fresh = LANE_ENDS_NONE;
	size_t n = m.seats;
	struct err e = ERR_INIT;

	if (!settings_load() || lane_open(&fresh, &e) < 0 ||
	    api_load(m.options, &e) < 0) {
		log_error("reload: the old settings stay");
		lane_close(&fresh);
		return;
	}
	/* The old lanes go with the last child that may ask them. */
	lane_close(&m.lane);
	m.lane = fresh;
	program_notify("RELOADING=1");
	memcpy(old, m.seat, n * sizeof(*old));
	set_sizes();
	fill_seats();
	for (size_t i = 0; i < m.seats; i++) {
		/* Two workers at once are no harm: jobs have leases; nor
		 * are two gateways: the new one takes the socket's name. */
		seat_start(&m, &m.seat[i]);
	}
	for (size_t i = 0; i < n; i++)
		seat_dismiss(&m, &old[i], SIGTERM);
	log_info("reload: %zu children replaced", n);
	program_notify("READY=1");
}

static void
begin_stop(int status)
{
	if (m.stopping)
		return;
	m.stopping = true;
	m.status = status;
	program_notify("STOPPING=1");
	/*
	 * With our own sockets nobody will ever accept what waits in the
	 * backlog, so the children drain it; systemd's live on.
	 */
	sockets_unlink(&m.sockets);
	for (size_t i = 0; i < m.seats; i++)
		seat_dismiss(&m, &m.seat[i], m.sockets.ours &&
		    m.seat[i].kind == SEAT_POOL ? SIGINT : SIGTERM);
	m.seats = 0;
	lane_close(&m.lane);
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (seat_ended(&m, pid, status) == EXIT_CONFIG) {
			log_error("not fit to serve: stopping");
			begin_stop(EXIT_CONFIG);
		}
}

static void
on_signals(void)
{
	struct signalfd_siginfo s;

	while (read(m.signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		switch ((int)s.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			begin_stop(0);
			break;
		case SIGHUP:
			if (!m.stopping)
				reload();
			break;
		default:
			break;
		}
	}
	reap();
}

/* What is due by time: starts, stuck children, the supervisor's dog. */
static void
tick(int64_t dog_us)
{
	static int64_t fed;
	int64_t now = clock_mono();

	for (size_t i = 0; i < m.seats; i++)
		if (m.seat[i].pid == 0 && m.seat[i].start_at_us <= now)
			seat_start(&m, &m.seat[i]);
	seat_watch(&m, now);
	if (dog_us > 0 && now - fed >= dog_us) {
		program_notify("WATCHDOG=1");
		fed = now;
	}
}

static void
loop(void)
{
	int64_t dog_us = program_watchdog_us();
	struct pollfd p = { .fd = m.signals, .events = POLLIN };

	while (!m.stopping || m.leavers > 0) {
		if (poll(&p, 1, TICK_MS) > 0)
			on_signals();
		tick(dog_us);
	}
}

int
master_run(const struct api_options *o)
{
	struct err e = ERR_INIT;
	int status;

	m.options = o;
	set_sizes();
	status = prove_apart();
	if (status != 0 && status != EXIT_RETRY)
		return status;
	m.proved = status == 0;
	if (lane_open(&m.lane, &e) < 0 || open_all(&e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		return e.kind == ERR_CONFIG ? EXIT_CONFIG : EXIT_OS;
	}
	block_signals();
	fill_seats();
	for (size_t i = 0; i < m.seats; i++)
		seat_start(&m, &m.seat[i]);
	program_notify("READY=1");
	log_info("serving with %zu children", m.seats);
	loop();
	unlink(m.pid_path);
	shm_close(m.shm);
	return m.status;
}
