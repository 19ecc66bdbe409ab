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
#include "bin/program.h"

#include <signal.h>

#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/keyring.h"
#include "base/log.h"
#include "live/live.h"

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

static int
load(const char *config, struct err *e)
{
	if (program_settings("gatepost-live", config, e) < 0)
		return -1;
	if (keyring_load(&keys, conf_str(CONF_KEY_DIR), e) < 0)
		return -1;
	token_use(&keys);
	return 0;
}

static void
each_second(void)
{
	keyring_refresh(&keys, conf_str(CONF_KEY_DIR));
	program_notify("WATCHDOG=1");
}

static void
say_ready(void)
{
	program_notify("READY=1");
	log_info("serving");
}

static bool
has_heir(void)
{
	return again || socket_is_lent();
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
	return k == CONF_DB_LIVE_PASSWORD;
}

int
main(int argc, char **argv)
{
	const char *config = NULL;
	struct live_setup setup = { .each_s = each_second,
	    .has_heir = has_heir,
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
	if (program_prove(DB_LIVE, &ending, &e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		status = program_unproved(&e);
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
	program_notify("STOPPING=1");
	socket_drop();
out:
	keyring_free(&keys);
	return status;
}
