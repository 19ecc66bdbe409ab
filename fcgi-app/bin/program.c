/*
 * program.c - how each program ends, finds its settings, and meets systemd
 * and its sockets; libsystemd is not needed.
 */
#include "bin/program.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONFIG_DEFAULT	GP_SYSCONFDIR "/gatepost/gatepost.env"
#define WAIT_DB_US	(INT64_C(30) * US_PER_S)
#define WAIT_STEP_US	200000

/* --- settings ------------------------------------------------------------- */

const char *
program_config(const char *asked)
{
	if (asked != NULL)
		return asked;
	return access(CONFIG_DEFAULT, R_OK) == 0 ? CONFIG_DEFAULT : NULL;
}

static enum log_level
level(void)
{
	static const char *const word[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < COUNT_OF(word); i++)
		if (strcmp(conf_str(CONF_LOG_LEVEL), word[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO_;
}

int
program_settings(const char *name, const char *asked, struct err *e)
{
	if (conf_load(program_config(asked), e) < 0)
		return -1;
	log_init(name, level());
	return 0;
}

/* --- statements ----------------------------------------------------------- */

static bool
is_away(const struct err *e)
{
	return e->kind == ERR_UNAVAILABLE || e->kind == ERR_DB_LOST;
}

int
program_prove(enum db_program who, const volatile sig_atomic_t *ending,
    struct err *e)
{
	int64_t end = clock_mono() + WAIT_DB_US;
	struct db *db = db_new(who);
	int rc;

	while ((rc = db_prove(db, e)) < 0 && !*ending && is_away(e) &&
	    clock_mono() < end)
		usleep(WAIT_STEP_US);
	db_free(db);
	return rc;
}

int
program_unproved(const struct err *e)
{
	return is_away(e) ? EXIT_RETRY : EXIT_CONFIG;
}

/* --- systemd -------------------------------------------------------------- */

void
program_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !text_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return;
	n = strlen(path);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';		/* abstract */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&sa,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_warn("notify %s: %s", path, strerror(errno));
	close(fd);
}

int64_t
program_watchdog_us(void)
{
	const char *s = getenv("WATCHDOG_USEC");
	uint64_t us;

	if (s == NULL || text_u64(s, INT64_MAX, &us) == 0)
		return 0;
	return (int64_t)(us / 2);
}

unsigned
program_given(unsigned max)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t n, who;

	if (fds == NULL || text_u64(fds, max, &n) == 0)
		return 0;
	if (pid != NULL && (text_u64(pid, INT32_MAX, &who) == 0 ||
	    (pid_t)who != getpid()))
		return 0;
	return (unsigned)n;
}

void
program_given_taken(void)
{
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

/* --- sockets -------------------------------------------------------------- */

bool
program_listens(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

static int
give_group(const char *path, struct err *e)
{
	const char *name = conf_str(CONF_SOCKET_GROUP);
	const struct group *g;

	if (name[0] != '\0') {
		if ((g = getgrnam(name)) == NULL)
			return err_set(e, ERR_CONFIG, "group",
			    "GATEPOST_SOCKET_GROUP: no group \"%s\"", name);
		if (chown(path, (uid_t)-1, g->gr_gid) < 0)
			return err_errno(e, "listen", "chown %s", path);
	}
	if (chmod(path, 0660) < 0)
		return err_errno(e, "listen", "chmod %s", path);
	return 0;
}

int
program_listen(const char *path, int flags, int backlog, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	bool bound = false;
	mode_t was;
	int fd, rc;

	if (!text_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return err_set(e, ERR_CONFIG, "listen",
		    "GATEPOST_RUN_DIR: %s is too long for a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return err_errno(e, "listen", "socket");
	was = umask(0117);		/* never open wider than 0660 */
	rc = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(was);
	if (rc < 0) {
		err_errno(e, "listen", "bind %s", path);
		goto fail;
	}
	bound = true;
	if (give_group(path, e) < 0)
		goto fail;
	if (listen(fd, backlog) < 0) {
		err_errno(e, "listen", "listen %s", path);
		goto fail;
	}
	return fd;
fail:
	if (bound)
		unlink(path);
	close(fd);
	return -1;
}
