/*
 * ctl.c - gatepostctl: find the command, load the settings, run it.
 */
#include "bin/ctl.h"
#include "bin/program.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"

#define ARENA_MAX	((size_t)16 * 1024 * 1024)

const struct ctl_command ctl_commands[] = {
	{ "migrate", "[--check]", "bring the database's schema up to date",
	    true, ctl_migrate },
	{ "superuser", "[--email E] [--phone P] [--first-name A] "
	    "[--last-name B] [--password-file F]",
	    "make a superuser, or promote an account", true, ctl_superuser },
	{ "keys", "generate | rotate [--at UNIX] | codes [--at UNIX] | pepper | list",
	    "key files of the installation", true, ctl_keys },
	{ "config", "sample | check [FILE] | show | import FILE",
	    "settings: a sample, a check, what is in force", false,
	    ctl_config },
	{ "import", "users FILE [--dry-run] [--roles]",
	    "accounts of a replaced system, with their password hashes", true,
	    ctl_import },
	{ "passwords", "build LIST OUT | check FILE",
	    "the filter of leaked passwords", false, ctl_passwords },
	{ "doctor", "[--json]", "look for what is wrong, and say what mends it",
	    true, ctl_doctor },
	{ "routes", "[--nginx | --json]", "every endpoint and its policy",
	    false, ctl_routes },
	{ "jobs", "[stats | queues | dead | redrive [ID … | --provider P]]",
	    "the queue and its dead letters", true, ctl_jobs },
	{ "deliveries", "[ID] [--to ADDRESS] [--user ID] [--request ID] "
	    "[--provider-id ID] [--notification ID] [--type T] [--channel C] "
	    "[--state S] [--reason R] [--title T] [--body T] [--since TIME] "
	    "[--until TIME] [--limit N]",
	    "why did she not get it: the log, or the story of one", true,
	    ctl_deliveries },
	{ "partitions", "[status | run]",
	    "months of the log: show them; make those ahead, drop the old",
	    true, ctl_partitions },
	{ "provider", "[list | test CHANNEL TO [--by NAME]]",
	    "accounts at providers; a real test message", true,
	    ctl_provider },
	{ "sms", "[status | release PREFIX | release --all | reset]",
	    "money spent on SMS, and suspended prefixes", true, ctl_sms },
	{ "bounces", "[DIR]", "read the mailbox that bounces come to", true,
	    ctl_bounces },
	{ "audit", "verify", "walk the audit chain", true, ctl_audit },
};
const size_t ctl_commands_count = COUNT_OF(ctl_commands);

int
ctl_fail(const char *what, const struct err *e, const char *todo)
{
	fprintf(stderr, "gatepostctl: %s", what);
	if (e != NULL && e->kind != ERR_NONE)
		fprintf(stderr, ": %s (%s)", e->detail, e->code);
	fputc('\n', stderr);
	if (todo != NULL)
		fprintf(stderr, "    %s\n", todo);
	return CTL_FAILED;
}

int
ctl_usage(const struct ctl *c)
{
	for (size_t i = 0; i < ctl_commands_count; i++)
		if (c->argc > 0 &&
		    strcmp(c->argv[0], ctl_commands[i].name) == 0)
			fprintf(stderr, "usage: gatepostctl %s %s\n",
			    ctl_commands[i].name, ctl_commands[i].arguments);
	return CTL_USAGE;
}

void
ctl_say(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

const char *
ctl_option(const struct ctl *c, const char *name)
{
	for (int i = 1; i + 1 < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0)
			return c->argv[i + 1];
	return NULL;
}

bool
ctl_flag(const struct ctl *c, const char *name)
{
	for (int i = 1; i < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0)
			return true;
	return false;
}

const char *
ctl_word(const struct ctl *c, int nth)
{
	for (int i = 1; i < c->argc; i++) {
		if (strcmp(c->argv[i], "--config") == 0) {
			i++;
			continue;
		}
		if (strncmp(c->argv[i], "--", 2) == 0)
			continue;
		if (nth-- == 0)
			return c->argv[i];
	}
	return NULL;
}

static void
help(FILE *f)
{
	fputs("usage: gatepostctl [--config FILE] [--json] [--quiet] COMMAND"
	    " …\n\n", f);
	for (size_t i = 0; i < ctl_commands_count; i++)
		fprintf(f, "  %-10s %s\n             %s\n",
		    ctl_commands[i].name, ctl_commands[i].summary,
		    ctl_commands[i].arguments);
	fputs("  version    what this is\n  help       this\n", f);
}

/* Options before the command; leaves c->argv at the command. */
static int
read_options(struct ctl *c, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			c->config = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			c->quiet = true;
		else if (strcmp(argv[i], "--no-color") == 0)
			c->color = false;
		else
			return -1;
	}
	c->argc = argc - i;
	c->argv = argv + i;
	if (ctl_flag(c, "--json"))
		c->json = true;
	if (ctl_flag(c, "--quiet"))
		c->quiet = true;
	if (ctl_option(c, "--config") != NULL)
		c->config = ctl_option(c, "--config");
	return c->argc > 0 ? 0 : -1;
}

static int
run(struct ctl *c, const struct ctl_command *cmd)
{
	struct err e = ERR_INIT;
	int rc;

	c->config = program_config(c->config);
	if (cmd->needs_config && conf_load(c->config, &e) < 0)
		return ctl_fail("the settings do not load", &e,
		    "gatepostctl config check FILE says more");
	c->arena = arena_new(ARENA_MAX);
	c->db = db_new(DB_CTL);
	rc = cmd->run(c);
	db_free(c->db);
	arena_free(c->arena);
	return rc;
}

int
main(int argc, char **argv)
{
	struct ctl c = { .color = isatty(STDOUT_FILENO) == 1 &&
	    getenv("NO_COLOR") == NULL };

	log_init("gatepostctl", LOG_WARN_);
	crypto_init();
	if (read_options(&c, argc, argv) < 0 ||
	    strcmp(c.argv[0], "help") == 0) {
		bool asked = argc > 1 && c.argc > 0;

		help(asked ? stdout : stderr);
		return asked ? CTL_OK : CTL_USAGE;
	}
	if (strcmp(c.argv[0], "version") == 0) {
		puts("gatepost 0.1.0");
		return CTL_OK;
	}
	for (size_t i = 0; i < ctl_commands_count; i++)
		if (strcmp(c.argv[0], ctl_commands[i].name) == 0)
			return run(&c, &ctl_commands[i]);
	fprintf(stderr, "gatepostctl: no command \"%s\"\n", c.argv[0]);
	help(stderr);
	return CTL_USAGE;
}
