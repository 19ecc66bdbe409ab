/*
 * ctl.h - gatepostctl: a table of commands, each in its file ctl_<name>.c
 * that opens with its description.
 *
 * Exit status: 0 done; 1 it was tried and failed, or a check found something;
 * 2 the command line was wrong.
 */
#ifndef GP_BIN_CTL_H
#define GP_BIN_CTL_H

#include "base/err.h"
#include "base/keyring.h"
#include "store/db.h"

enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

struct ctl {
	const char	*config;	/* path of the settings file */
	bool		 json, quiet, color;
	int		 argc;		/* of the command, its name first */
	char		**argv;
	struct db	*db;		/* gatepost_ctl; connects at first use */
	struct arena	*arena;
	struct keyring	 keys;
};

struct ctl_command {
	const char	*name, *arguments, *summary;
	bool		 needs_config;	/* settings are loaded before it runs */
	int		(*run)(struct ctl *c);
};
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_commands_count;

int	 ctl_bounces(struct ctl *c), ctl_config(struct ctl *c), ctl_doctor(struct ctl *c),
	 ctl_import(struct ctl *c), ctl_passwords(struct ctl *c),
	 ctl_jobs(struct ctl *c), ctl_keys(struct ctl *c),
	 ctl_migrate(struct ctl *c), ctl_routes(struct ctl *c),
	 ctl_superuser(struct ctl *c), ctl_audit(struct ctl *c),
	 ctl_sms(struct ctl *c), ctl_deliveries(struct ctl *c),
	 ctl_partitions(struct ctl *c), ctl_provider(struct ctl *c);

/* Of the doctor, ctl_doctor_social.c: 0 fine, 1 a warning, 2 wrong. */
int	 ctl_look_social(struct ctl *c, char *saw, size_t size);

/* "what: why" on standard error, with what to do when `todo` is not NULL.
 * Returns CTL_FAILED. */
int	 ctl_fail(const char *what, const struct err *e, const char *todo);
/* The command line is wrong: says how it goes.  Returns CTL_USAGE. */
int	 ctl_usage(const struct ctl *c);
/* Progress and results for people; silent with --quiet. */
void	 ctl_say(const struct ctl *c, const char *fmt, ...) PRINTF(2, 3);
/* Value of `--name VALUE` among the arguments, or NULL; `flag` alone. */
const char *ctl_option(const struct ctl *c, const char *name);
bool	 ctl_flag(const struct ctl *c, const char *name);
/* First argument that is no option, after the command; NULL none. */
const char *ctl_word(const struct ctl *c, int nth);

#endif
