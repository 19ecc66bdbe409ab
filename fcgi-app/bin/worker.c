/*
 * worker.c - gatepost-worker: what the command line asks for.
 *
 *   gatepost-worker [--config FILE] [--run-once] [--id N]
 *
 *   --run-once  sends what is due, then ends (cron)
 *   --id N      writes RUN/worker-N.pid; without it the first of several
 *               writes RUN/worker.pid, others worker-<pid>.pid
 *
 * SIGTERM: takes no more, finishes what is on the way, gives the rest back.
 */
#include "bin/worker_own.h"
#include "bin/program.h"

#include <signal.h>

#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/keyring.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "channel/providers/webpush.h"
#include "channel/verp.h"
#include "queue/secret.h"
#include "queue/unsubscribe.h"
#include "worker/loop.h"

static struct keyring keys;
static volatile sig_atomic_t ending;

static void
on_term(int sig)
{
	(void)sig;
	ending = 1;
	worker_stop();
}

static int
usage(const char *what)
{
	fprintf(stderr, "gatepost-worker: %s\nusage: gatepost-worker"
	    " [--config FILE] [--run-once] [--id N]\n", what);
	return EXIT_USAGE_;
}

struct options { const char *config, *id; bool run_once; };

static int
read_options(struct options *o, int argc, char **argv)
{
	uint64_t n;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--run-once") == 0)
			o->run_once = true;
		else if (i + 1 == argc)
			return usage(argv[i]);
		else if (strcmp(argv[i], "--config") == 0)
			o->config = argv[++i];
		else if (strcmp(argv[i], "--id") == 0)
			o->id = argv[++i];
		else
			return usage(argv[i]);
	}
	if (o->id != NULL && text_u64(o->id, 9999, &n) == 0)
		return usage("--id takes a number");
	return 0;
}

/* Web push without a key is no reason not to send the rest. */
static void
set_up_push(void)
{
	struct err e = ERR_INIT;

	if (webpush_setup(&keys, &e) < 0)
		log_err(LOG_WARN_, "web push is not set up", &e);
}

static int
load(const struct options *o, struct err *e)
{
	if (program_settings("gatepost-worker", o->config, e) < 0)
		return -1;
	if (keyring_load(&keys, conf_str(CONF_KEY_DIR), e) < 0)
		return -1;
	token_use(&keys);
	job_secret_use(keys.seal);
	unsubscribe_use(keys.mac);
	verp_use(keys.mac);
	set_up_push();
	return 0;
}

static void
each_second(void)
{
	uint64_t seen = keys.seen;

	keyring_refresh(&keys, conf_str(CONF_KEY_DIR));
	if (keys.seen != seen)
		set_up_push();
	metric_follow(conf_str(CONF_RUN_DIR));
	program_notify("WATCHDOG=1");
}

static void
say_ready(void)
{
	program_notify("READY=1");
	log_info("taking work");
}

int
main(int argc, char **argv)
{
	struct worker_setup setup = { .each_s = each_second,
	    .ready = say_ready };
	struct sigaction sa = { .sa_handler = on_term };
	struct options o = { .config = NULL };
	struct err e = ERR_INIT;
	int status = read_options(&o, argc, argv);

	if (status != 0)
		return status;
	log_init("gatepost-worker", LOG_INFO_);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	crypto_init();
	if (load(&o, &e) < 0 || pid_file_take(conf_str(CONF_RUN_DIR), o.id,
	    &e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		return EXIT_CONFIG;
	}
	if (program_prove(DB_WORKER, &ending, &e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		status = program_unproved(&e);
		goto out;
	}
	if (ending)
		goto out;
	setup.run_dir = conf_str(CONF_RUN_DIR);
	setup.seat_owner = worker_owner(setup.run_dir);
	setup.inflight = (unsigned)conf_int(CONF_WORKER_INFLIGHT);
	setup.lease_s = (unsigned)conf_int(CONF_WORKER_LEASE_S);
	setup.batch = (unsigned)conf_int(CONF_WORKER_BATCH);
	setup.run_once = o.run_once;
	if (worker_run(&setup, &e) < 0) {
		log_err(LOG_ERROR_, "worker", &e);
		status = EXIT_FAULT;
	}
	program_notify("STOPPING=1");
out:
	pid_file_drop();
	keyring_free(&keys);
	return status;
}
