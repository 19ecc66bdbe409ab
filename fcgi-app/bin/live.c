/*
 * live.c - gatepost-live: what the command line asks for.
 *
 *   gatepost-live [--config FILE]
 *
 * SIGTERM: says goodbye to all over GATEPOST_LIVE_DRAIN_S seconds, then ends.
 * SIGHUP: the same, then begins anew on the same socket: another binary, other
 * settings.  SIGUSR1: logs its numbers.
 */
#include "bin/live_own.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/keyring.h"
#include "base/log.h"
#include "live/live.h"
#include "store/db.h"

#ifndef GP_SYSCONFDIR
#define GP_SYSCONFDIR "/etc"
#endif
#define DEFAULT_CONFIG	GP_SYSCONFDIR "/gatepost/gatepost.env"

/* sysexits.h: what a supervisor should make of our end. */
#define EXIT_USAGE_	64
#define EXIT_FAULT	70
#define EXIT_RETRY	75		/* the database is away */
#define EXIT_CONFIG	78		/* do not restart: mend it first */

#define WAIT_DB_US	(INT64_C(30) * US_PER_S)

static struct keyring keys;
static volatile sig_atomic_t ending, again;

static void
on_term(int sig)
{
	if (sig == SIGHUP)
		again = 1;
	else
		ending = 1;
	live_stop();
}

static void
on_usr1(int sig)
{
	(void)sig;
	live_report();
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

static int
load(const char *config, struct err *e)
{
	if (config == NULL && access(DEFAULT_CONFIG, R_OK) == 0)
		config = DEFAULT_CONFIG;
	if (conf_load(config, e) < 0)
		return -1;
	log_init("gatepost-live", level());
	if (keyring_load(&keys, conf_str(CONF_KEY_DIR), e) < 0)
		return -1;
	token_use(&keys);
	return 0;
}

static void
each_second(void)
{
	keyring_refresh(&keys, conf_str(CONF_KEY_DIR));
	system_notify("WATCHDOG=1");
}

static void
say_ready(void)
{
	system_notify("READY=1");
	log_info("serving");
}

/* Every statement as our database user; a database that is starting is
 * waited for. */
static int
prove(struct err *e)
{
	int64_t end = clock_mono() + WAIT_DB_US;
	struct db *db = db_new(DB_LIVE);
	int rc;

	while ((rc = db_prove(db, e)) < 0 && !ending &&
	    (e->kind == ERR_UNAVAILABLE || e->kind == ERR_DB_LOST) &&
	    clock_mono() < end)
		usleep(200000);
	db_free(db);
	return rc;
}

static void
set_signals(void)
{
	struct sigaction sa = { .sa_handler = on_term };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = on_usr1;
	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

/* Secrets of others: this process talks to strangers all day. */
static bool
is_own_secret(enum conf_key k)
{
	return k == CONF_DB_API_PASSWORD;
}

int
main(int argc, char **argv)
{
	const char *config = NULL;
	struct live_setup setup = { .each_s = each_second,
	    .ready = say_ready, .listen_fd = -1 };
	struct err e = ERR_INIT;
	int status = 0;

	log_init("gatepost-live", LOG_INFO_);
	if (argc == 3 && strcmp(argv[1], "--config") == 0)
		config = argv[2];
	else if (argc != 1) {
		fprintf(stderr, "usage: gatepost-live [--config FILE]\n");
		return EXIT_USAGE_;
	}
	set_signals();
	crypto_init();
	if (load(config, &e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		return EXIT_CONFIG;
	}
	conf_drop_secrets(is_own_secret);
	if (prove(&e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		status = e.kind == ERR_UNAVAILABLE || e.kind == ERR_DB_LOST ?
		    EXIT_RETRY : EXIT_CONFIG;
		goto out;
	}
	if (ending)
		goto out;
	setup.run_dir = conf_str(CONF_RUN_DIR);
	if ((setup.listen_fd = socket_take(setup.run_dir, &e)) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		status = EXIT_CONFIG;
		goto out;
	}
	if (live_run(&setup, &e) < 0) {
		log_err(LOG_ERROR_, "live", &e);
		status = EXIT_FAULT;
	}
	if (again && !ending)
		socket_pass_on(setup.listen_fd, argv);
	system_notify("STOPPING=1");
	socket_drop();
out:
	keyring_free(&keys);
	return status;
}
