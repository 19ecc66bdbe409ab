/*
 * admin_system.c - GET /api/admin/system/: how this installation is.
 *
 * The part of `gatepostctl doctor` that a process without its rights can see.
 * A value is a number or a version, never a sentence: pages word it.
 */
#include "api/admin_log.h"

#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/keyring.h"
#include "queue/bell.h"
#include "store/job_admin.h"
#include "store/migrate.h"
#include "store/system.h"

#define QUEUE_LATE_S	60
#define SKEW_MAX_US	(2 * US_PER_S)

enum state { OK, WARNING, BAD };

static void
check(struct jw *w, const char *name, enum state state, int64_t value,
    const char *mend)
{
	static const char *const words[] = { "ok", "warning", "bad" };

	jw_object(w, NULL);
	jw_str(w, "name", name);
	jw_str(w, "state", words[state]);
	jw_i64(w, "value", value);
	jw_str(w, "mend", state == OK ? NULL : mend);
	jw_end(w);
}

static void
write_checks(struct jw *w, const struct system_seen *s,
    const struct job_counts *n, int64_t oldest_s)
{
	const struct keyring *k = token_keys();
	int64_t skew = clock_now() - s->now_us;
	int workers = bell_ring(conf_str(CONF_RUN_DIR), "worker");
	struct buf report;
	int wrong;

	buf_init(&report, (size_t)64 * 1024);
	wrong = conf_check(&report);
	buf_fini(&report);
	jw_array(w, "checks");
	check(w, "settings", wrong == 0 ? OK : BAD, wrong,
	    "gatepostctl config check");
	check(w, "keys", k == NULL || k->tokens == 0 ? BAD : OK,
	    k == NULL ? 0 : (int64_t)k->tokens, "gatepostctl keys generate");
	check(w, "schema", s->migration < MIGRATE_NEWEST ? BAD : OK,
	    (int64_t)s->migration, "gatepostctl migrate");
	check(w, "durability", s->flush == 1 ? OK :
	    conf_bool(CONF_DB_UNSAFE_FLUSH) ? WARNING : BAD,
	    (int64_t)s->flush,
	    "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
	check(w, "clock", skew > -SKEW_MAX_US && skew < SKEW_MAX_US ? OK :
	    BAD, skew / 1000, "timedatectl set-ntp true");
	check(w, "workers", workers > 0 ? OK : BAD, workers,
	    "systemctl start gatepost-worker");
	check(w, "queue", oldest_s > QUEUE_LATE_S ? WARNING : OK, oldest_s,
	    "gatepostctl jobs");
	check(w, "dead_letters", n->dead > 0 ? WARNING : OK,
	    (int64_t)n->dead, "gatepostctl jobs");
	check(w, "breakers", s->breakers > 0 ? WARNING : OK,
	    (int64_t)s->breakers, "gatepostctl doctor");
	check(w, "leaked_passwords", *conf_str(CONF_LEAKED_FILE) == '\0' ?
	    WARNING : OK, *conf_str(CONF_LEAKED_FILE) == '\0' ? 0 : 1,
	    "gatepostctl passwords build LIST");
	check(w, "egress", *conf_str(CONF_EGRESS_ALLOW) != '\0' ? WARNING :
	    OK, *conf_str(CONF_EGRESS_ALLOW) == '\0' ? 0 : 1,
	    "unset GATEPOST_EGRESS_ALLOW");
	jw_end(w);
}

int
admin_system_get(struct call *c, const void *in UNUSED, struct err *e)
{
	struct system_seen s;
	struct job_counts n;
	int64_t oldest_s;
	struct jw *w;

	if (system_read(c->db, c->arena, &s, e) < 0 ||
	    job_count(c->db, &n, e) < 0)
		return -1;
	oldest_s = n.oldest_us == 0 || n.oldest_us > s.now_us ? 0 :
	    (s.now_us - n.oldest_us) / US_PER_S;
	w = resp_json(c->resp, 200);
	jw_str(w, "version", GP_VERSION);
	jw_time(w, "now", clock_now());
	jw_object(w, "database");
	jw_str(w, "version", s.version);
	jw_u64(w, "migration", s.migration);
	jw_u64(w, "newest", MIGRATE_NEWEST);
	jw_end(w);
	write_checks(w, &s, &n, oldest_s);
	jw_object(w, "queue");
	jw_u64(w, "ready", n.ready);
	jw_u64(w, "due", n.due);
	jw_u64(w, "leased", n.leased);
	jw_u64(w, "leaving", n.leaving);
	jw_u64(w, "dead", n.dead);
	jw_i64(w, "oldest_s", oldest_s);
	jw_end(w);
	jw_object(w, "settings");
	jw_str(w, "public_url", conf_str(CONF_PUBLIC_URL));
	jw_str(w, "site_name", conf_str(CONF_SITE_NAME));
	jw_str(w, "region", conf_str(CONF_REGION));
	jw_str(w, "sites", conf_str(CONF_SITES));
	jw_str(w, "user_send", conf_str(CONF_USER_SEND));
	jw_i64(w, "access_life_s", conf_int(CONF_ACCESS_LIFE_S));
	jw_i64(w, "session_idle_s", conf_int(CONF_SESSION_IDLE_S));
	jw_i64(w, "code_life_s", conf_int(CONF_CODE_LIFE_S));
	jw_i64(w, "log_days", conf_int(CONF_LOG_DAYS));
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}
