/*
 * api.c - gatepost-api: what the command line asks for.
 *
 *   gatepost-api [--config FILE] [--pool NAME=N]… [--with-worker PATH]
 *       [--only NAME] [--no-prove]    the master and its pools
 *   gatepost-api --cgi     one request from the environment
 *   spawn-fcgi … gatepost-api    a listening socket as fd 0: one responder
 *                          that takes every row
 */
#include "bin/api_own.h"
#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/phone.h"
#include "base/text.h"
#include "channel/verp.h"
#include "queue/secret.h"
#include "queue/unsubscribe.h"

#include <getopt.h>
#include <unistd.h>

static struct keyring keys;

struct keyring *
api_keys(void)
{
	return &keys;
}

/* Findings are one a line; each is its own line of the log. */
static int
refuse_unsafe(struct err *e)
{
	struct buf report;
	int n;

	buf_init(&report, 16384);
	n = conf_check(&report);
	for (const char *s = buf_text(&report); *s != '\0';) {
		size_t len = strcspn(s, "\n");

		log_error("%.*s", (int)len, s);
		s += len + (s[len] == '\n');
	}
	buf_fini(&report);
	return n == 0 ? 0 : err_set(e, ERR_CONFIG, "config",
	    "%d settings make a start unsafe", n);
}

int
api_load(const struct api_options *o, struct err *e)
{
	struct keyring fresh;

	if (program_settings("gatepost-api", o->config, e) < 0)
		return -1;
	if (refuse_unsafe(e) < 0)
		return -1;
	if (keyring_load(&fresh, conf_str(CONF_KEY_DIR), e) < 0)
		return -1;
	keyring_free(&keys);
	keys = fresh;
	token_use(&keys);
	job_secret_use(keys.seal);
	unsubscribe_use(keys.mac);
	verp_use(keys.mac);
	return 0;
}

static int
usage(const char *what)
{
	fprintf(stderr, "gatepost-api: %s\n"
	    "usage: gatepost-api [--config FILE] [--pool NAME=N]..."
	    " [--only NAME] [--with-worker PATH] [--no-prove] [--cgi]\n",
	    what);
	return EXIT_USAGE_;
}

static bool
read_pool(struct api_options *o, const char *s)
{
	const char *eq = strchr(s, '=');
	uint64_t n;
	int p;

	if (eq == NULL || text_u64(eq + 1, 256, &n) == 0 || n == 0 ||
	    (p = pool_named(s, (size_t)(eq - s))) < 0)
		return false;
	o->pool[p] = (int)n;
	o->any_pool = true;
	return true;
}

/* 0, or the exit status. */
static int
read_options(struct api_options *o, int argc, char **argv)
{
	static const struct option row[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "pool", required_argument, NULL, 'p' },
		{ "only", required_argument, NULL, 'o' },
		{ "with-worker", required_argument, NULL, 'w' },
		{ "no-prove", no_argument, NULL, 'n' },
		{ "cgi", no_argument, NULL, 'g' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", row, NULL)) != -1) {
		switch (ch) {
		case 'c':
			o->config = optarg;
			break;
		case 'p':
			if (!read_pool(o, optarg))
				return usage("--pool wants gate, main, hash "
				    "or out, =, and 1 to 256");
			break;
		case 'o':
			o->only = pool_named(optarg, strlen(optarg));
			o->any_pool = true;
			if (o->only < 0)
				return usage("--only wants gate, main, hash "
				    "or out");
			break;
		case 'w':
			o->worker = optarg;
			break;
		case 'n':
			o->no_prove = true;
			break;
		case 'g':
			o->cgi = true;
			break;
		default:
			return usage("unknown option");
		}
	}
	return optind == argc ? 0 : usage("no arguments are taken");
}

/* The master's shared memory, when there is one; else every token is asked
 * of the database. */
static struct shm *
shm_of_master(void)
{
	struct err e = ERR_INIT;
	struct shm *s;
	char path[200];

	snprintf(path, sizeof(path), "%s/shm", conf_str(CONF_RUN_DIR));
	s = shm_open_(path, &e);
	metric_use(s);
	return s;
}

static int
responder(const struct api_options *o)
{
	const struct child c = { .every_pool = true, .fd = STDIN_FILENO,
	    .shm = shm_of_master(), .lane = -1 };
	int status = o->no_prove ? 0 : prove();

	if (status != 0 && status != EXIT_RETRY)
		return status;
	child_signals();
	status = child_serve(&c);
	shm_close(c.shm);
	return status;
}

int
main(int argc, char **argv)
{
	struct api_options o = { .config = NULL, .only = -1 };
	struct err e = ERR_INIT;
	int status = read_options(&o, argc, argv);

	if (status != 0)
		return status;
	/* Once: at a reload, a file that has gone is not made up for by none. */
	o.config = program_config(o.config);
	log_init("gatepost-api", LOG_INFO_);
	/* A stuck peer may hold libfcgi 2 s otherwise, twice a request. */
	setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "200", 0);
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 0);
	/* Shared by all children when made before them. */
	crypto_init();
	phone_init();
	if (api_load(&o, &e) < 0) {
		log_err(LOG_ERROR_, "start", &e);
		return EXIT_CONFIG;
	}
	if (o.cgi)
		return child_cgi(shm_of_master());
	if (!o.any_pool && getenv("LISTEN_FDS") == NULL && program_listens(STDIN_FILENO))
		return responder(&o);
	return master_run(&o);
}
