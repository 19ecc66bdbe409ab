/*
 * gatepostctl migrate [--check]
 *
 * Applies what is missing of sql/NNNN_*.sql, in order, each once.  --check
 * changes nothing and ends with 1 when something is missing.
 */
#include "base/conf.h"
#include "bin/ctl.h"
#include "store/migrate.h"

static const struct ctl *talker;

static void
progress(const char *name, int64_t us)
{
	ctl_say(talker, "applied %s (%" PRId64 " ms)\n", name, us / 1000);
}

int
ctl_migrate(struct ctl *c)
{
	const char *dir = conf_str(CONF_SQL_DIR);
	struct err e = ERR_INIT;
	int n;

	talker = c;
	if (ctl_flag(c, "--check")) {
		if ((n = migrate_pending(c->db, dir, &e)) < 0)
			return ctl_fail("cannot tell the schema's state", &e,
			    "is the database up?  gatepostctl doctor");
		if (n > 0) {
			fprintf(stderr, "gatepostctl: %d migrations are "
			    "missing\n    gatepostctl migrate\n", n);
			return CTL_FAILED;
		}
		ctl_say(c, "the schema is up to date\n");
		return CTL_OK;
	}
	if ((n = migrate_run(c->db, dir, progress, &e)) < 0)
		return ctl_fail("the migration failed", &e,
		    "mend the cause and run it again: it goes on where it was");
	if (n == 0)
		ctl_say(c, "the schema is up to date\n");
	return CTL_OK;
}
