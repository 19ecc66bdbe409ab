/*
 * gatepostctl doctor [--json]
 *
 * Looks for what is wrong.  Each failure prints the command that mends it.
 * Checks are rows; a check returns OK, WARN or BAD and fills in what it saw.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/leaked.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"
#include "bin/ctl.h"
#include "channel/channel.h"
#include "channel/providers/webpush.h"
#include "queue/bell.h"
#include "store/health.h"
#include "store/migrate.h"
#include "store/sms.h"

#define SAW_MAX		320
#define QUEUE_AGE_MAX_S	60
#define CLOCK_SKEW_MAX_US (2 * US_PER_S)

enum finding { FINE, WARN, BAD };

struct check {
	const char	*name;
	enum finding	(*look)(struct ctl *c, char saw[SAW_MAX]);
	const char	*mend;
};

static enum finding
saw_err(char saw[SAW_MAX], const struct err *e)
{
	snprintf(saw, SAW_MAX, "%s (%s)", e->detail, e->code);
	return BAD;
}

static enum finding
look_settings(struct ctl *c, char saw[SAW_MAX])
{
	struct buf report;
	int n;

	(void)c;
	buf_init(&report, (size_t)64 * 1024);
	n = conf_check(&report);
	snprintf(saw, SAW_MAX, "%s", n == 0 ? "complete" : buf_text(&report));
	saw[strcspn(saw, "\n")] = '\0';
	buf_fini(&report);
	return n == 0 ? FINE : BAD;
}

static enum finding
look_keys(struct ctl *c, char saw[SAW_MAX])
{
	struct err e = ERR_INIT;

	if (keyring_load(&c->keys, conf_str(CONF_KEY_DIR), &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "%zu token keys, VAPID %s", c->keys.tokens,
	    c->keys.vapid == NULL ? "absent" : "present");
	if (keyring_signer(&c->keys, clock_now()) == NULL) {
		snprintf(saw, SAW_MAX, "no token key may sign yet");
		keyring_free(&c->keys);
		return BAD;
	}
	keyring_free(&c->keys);
	return FINE;
}

static enum finding
look_database(struct ctl *c, char saw[SAW_MAX])
{
	const char *version = "?";
	struct err e = ERR_INIT;

	if (db_connect(c->db, &e) < 0 ||
	    db_ask(c->db, "SELECT VERSION()", c->arena, &version, &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "MariaDB %s", version);
	return strtoul(version, NULL, 10) < 10 ||
	    text_starts(version, "10.0") || text_starts(version, "10.1.") ?
	    BAD : FINE;
}

static enum finding
look_flush(struct ctl *c, char saw[SAW_MAX])
{
	const char *v = "?";
	struct err e = ERR_INIT;

	if (db_ask(c->db, "SELECT @@innodb_flush_log_at_trx_commit", c->arena,
	    &v, &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "innodb_flush_log_at_trx_commit is %s", v);
	return strcmp(v, "1") == 0 ? FINE :
	    conf_bool(CONF_DB_UNSAFE_FLUSH) ? WARN : BAD;
}

static enum finding
look_clock(struct ctl *c, char saw[SAW_MAX])
{
	const char *v = NULL;
	struct err e = ERR_INIT;
	int64_t us, skew;

	if (db_ask(c->db, "SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * "
	    "1000000 AS INTEGER)", c->arena, &v, &e) < 0)
		return saw_err(saw, &e);
	if (v == NULL || !text_i64(v, 0, INT64_MAX, &us)) {
		snprintf(saw, SAW_MAX, "the database told no time");
		return BAD;
	}
	skew = clock_now() - us;
	snprintf(saw, SAW_MAX, "%" PRId64 " ms from the database's",
	    skew / 1000);
	return skew > -CLOCK_SKEW_MAX_US && skew < CLOCK_SKEW_MAX_US ?
	    FINE : BAD;
}

static enum finding
look_schema(struct ctl *c, char saw[SAW_MAX])
{
	struct err e = ERR_INIT;
	int n = migrate_pending(c->db, conf_str(CONF_SQL_DIR), &e);

	if (n < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, n == 0 ? "up to date" :
	    "%d migrations are missing", n);
	return n == 0 ? FINE : BAD;
}

/* Every statement of a program, as its own database user. */
static enum finding
prove(enum db_program program, char saw[SAW_MAX])
{
	struct db *db = db_new(program);
	struct err e = ERR_INIT;
	enum finding f = FINE;

	if (db_prove(db, &e) < 0)
		f = saw_err(saw, &e);
	else
		snprintf(saw, SAW_MAX, "%zu statements",
		    db_statements(program));
	db_free(db);
	return f;
}

static enum finding
look_grants_api(struct ctl *c, char saw[SAW_MAX])
{
	(void)c;
	return prove(DB_API, saw);
}

/* Does anybody accept on RUN/<name>.sock? */
static bool
accepts(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd == -1)
		return false;
	snprintf(un.sun_path, sizeof(un.sun_path), "%.80s/%.16s.sock",
	    conf_str(CONF_RUN_DIR), name);
	ok = connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
	close(fd);
	return ok;
}

static enum finding
look_pools(struct ctl *c, char saw[SAW_MAX])
{
	static const char *const pools[] = { "gate", "main", "hash", "out" };
	size_t up = 0;

	(void)c;
	for (size_t i = 0; i < COUNT_OF(pools); i++)
		up += accepts(pools[i]);
	snprintf(saw, SAW_MAX, "%zu of %zu sockets accept", up,
	    COUNT_OF(pools));
	return up == COUNT_OF(pools) ? FINE : BAD;
}

static enum finding
look_workers(struct ctl *c, char saw[SAW_MAX])
{
	int n = bell_ring(conf_str(CONF_RUN_DIR), "worker");

	(void)c;
	snprintf(saw, SAW_MAX, "%d workers hear the bell", n);
	return n > 0 ? FINE : BAD;
}

static enum finding
look_live(struct ctl *c, char saw[SAW_MAX])
{
	int n = bell_ring(conf_str(CONF_RUN_DIR), "live");
	bool open_ = accepts("live");

	(void)c;
	snprintf(saw, SAW_MAX, "%d gateways hear the bell, live.sock %s", n,
	    open_ ? "accepts" : "does not accept");
	return n > 0 && open_ ? FINE : BAD;
}

static enum finding
look_queue(struct ctl *c, char saw[SAW_MAX])
{
	struct err e = ERR_INIT;
	struct health h;

	if (health_read(c->db, c->arena, &h, &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "the latest due job waits %" PRId64 " s",
	    h.queue_age_s);
	return h.queue_age_s <= QUEUE_AGE_MAX_S ? FINE : BAD;
}

struct sms_look { struct sms_hold h; char held[120]; };

static int
note_held(void *arg, struct err *e)
{
	struct sms_look *l = arg;
	size_t n = strlen(l->held);

	(void)e;
	snprintf(l->held + n, sizeof(l->held) - n, "; %.16s: %.40s",
	    l->h.prefix, l->h.reason);
	return 0;
}

/* Prefixes that get nothing, and how much of the day's money is left. */
static enum finding
look_sms(struct ctl *c, char saw[SAW_MAX])
{
	int64_t cap = conf_int(CONF_SMS_SITE_DAY);
	struct sms_look l = { .held = "" };
	struct err e = ERR_INIT;
	uint64_t spent = 0;

	if (sms_site_day(c->db, &spent, &e) < 0 || sms_each_hold(c->db,
	    c->arena, &l.h, note_held, &l, &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "%" PRIu64 " of %" PRId64 " spent today%s",
	    spent, cap, l.held);
	return l.held[0] != '\0' || (cap > 0 &&
	    spent > (uint64_t)cap / 10 * 8) ? WARN : FINE;
}

/* New passwords get 503 while the file that is set cannot be used. */
static enum finding
look_leaked(struct ctl *c, char saw[SAW_MAX])
{
	const char *path = conf_str(CONF_LEAKED_FILE);
	struct err e = ERR_INIT;
	struct leaked *l;

	(void)c;
	if (*path == '\0') {
		snprintf(saw, SAW_MAX, "no list of leaked ones, only the one "
		    "that ships");
		return FINE;
	}
	if (leaked_open(path, &l, &e) < 0)
		return saw_err(saw, &e);
	snprintf(saw, SAW_MAX, "%" PRIu64 " leaked ones in %.200s",
	    leaked_count(l), path);
	leaked_close(l);
	return FINE;
}

/* Is it set up, or is there another for its channel? */
static bool
is_served(const char *channel)
{
	return provider_for(channel) != NULL;
}

/*
 * Channels that sign-in and pushes need; of the others it is told what is
 * missing, but nobody has to have them.
 */
static bool
is_needed(const char *channel)
{
	return strcmp(channel, "whatsapp") != 0;
}

static enum finding
look_providers(struct ctl *c, char saw[SAW_MAX])
{
	struct err e = ERR_INIT;
	size_t ready = 0, lacking = 0;
	char missing[160] = "";

	/* As the worker does: pushes are signed with a key of the directory. */
	if (keyring_load(&c->keys, conf_str(CONF_KEY_DIR), &e) < 0 ||
	    webpush_setup(&c->keys, &e) < 0) {
		snprintf(missing, sizeof(missing), "; webpush: %.130s",
		    e.detail);
		err_clear(&e);
	}
	for (size_t i = 0; providers[i] != NULL; i++) {
		const struct provider *p = providers[i];

		if (p->configured(NULL, &e) == 0) {
			ready++;
			continue;
		}
		if (is_served(p->channel))
			continue;
		lacking += is_needed(p->channel);
		if (strcmp(p->name, "webpush") != 0 && missing[0] == '\0')
			snprintf(missing, sizeof(missing), "; %.40s: %.100s",
			    p->name, e.detail);
	}
	snprintf(saw, SAW_MAX, "%zu are set up%s", ready, missing);
	keyring_free(&c->keys);
	return lacking == 0 ? FINE : ready > 0 ? WARN : BAD;
}

static enum finding
look_social(struct ctl *c, char saw[SAW_MAX])
{
	return (enum finding)ctl_look_social(c, saw, SAW_MAX);
}

/* The version that Debian's package system says nginx has. */
static enum finding
look_nginx(struct ctl *c, char saw[SAW_MAX])
{
	char line[120] = "";
	FILE *f = popen("dpkg-query -W -f '${Version}' nginx 2>/dev/null", "r");
	bool good;

	(void)c;
	if (f != NULL) {
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		pclose(f);
	}
	if (line[0] == '\0') {
		snprintf(saw, SAW_MAX, "no Debian package of nginx here");
		return WARN;
	}
	snprintf(saw, SAW_MAX, "nginx %s", line);
	f = popen("dpkg --compare-versions \"$(dpkg-query -W -f '${Version}' "
	    "nginx)\" ge 1.22.1-9+deb12u10 && echo yes", "r");
	good = f != NULL && fgets(line, sizeof(line), f) != NULL &&
	    text_starts(line, "yes");
	if (f != NULL)
		pclose(f);
	return good ? FINE : BAD;
}

static enum finding
look_egress(struct ctl *c, char saw[SAW_MAX])
{
	(void)c;
	snprintf(saw, SAW_MAX, "%s", *conf_str(CONF_EGRESS_ALLOW) == '\0' ?
	    "public addresses only" : conf_str(CONF_EGRESS_ALLOW));
	return *conf_str(CONF_EGRESS_ALLOW) == '\0' ? FINE : WARN;
}

static const struct check checks[] = {
	{ "settings", look_settings, "edit the settings file; gatepostctl "
	    "config check says all of it" },
	{ "keys", look_keys, "gatepostctl keys generate" },
	{ "database", look_database, "systemctl start mariadb; see "
	    "GATEPOST_DB_SOCKET and sql/users.sql" },
	{ "durability", look_flush, "SET GLOBAL "
	    "innodb_flush_log_at_trx_commit = 1, and in my.cnf" },
	{ "clock", look_clock, "timedatectl set-ntp true, on both hosts" },
	{ "schema", look_schema, "gatepostctl migrate" },
	{ "grants", look_grants_api, GP_DATADIR "/scripts/render-sql grants "
	    "| mariadb (as the database's root)" },
	{ "pools", look_pools, "systemctl start gatepost-api gatepost-out" },
	{ "workers", look_workers, "systemctl start gatepost-worker" },
	{ "live", look_live, "systemctl start gatepost-live" },
	{ "queue", look_queue, "gatepostctl jobs stats; more workers, or a "
	    "provider that does not answer" },
	{ "providers", look_providers, "set KAVENEGAR_API_KEY, EMAIL_HOST …: "
	    "gatepostctl config sample" },
	{ "social", look_social, "compare id, secret and issuer with the "
	    "site's own page; a site that is down mends itself" },
	{ "sms", look_sms, "gatepostctl sms; release a prefix, or raise "
	    "GATEPOST_SMS_SITE_DAY" },
	{ "passwords", look_leaked, "gatepostctl passwords build LIST, to the "
	    "file of GATEPOST_LEAKED_FILE" },
	{ "nginx", look_nginx, "apt-get install --only-upgrade nginx" },
	{ "egress", look_egress, "unset GATEPOST_EGRESS_ALLOW in production" },
};

static void
print_json(struct jw *w, const struct check *k, enum finding f,
    const char *saw)
{
	static const char *const words[] = { "ok", "warning", "failed" };

	jw_object(w, NULL);
	jw_str(w, "check", k->name);
	jw_str(w, "result", words[f]);
	jw_str(w, "saw", saw);
	if (f != FINE)
		jw_str(w, "mend", k->mend);
	jw_end(w);
}

static void
print_people(const struct ctl *c, const struct check *k, enum finding f,
    const char *saw)
{
	static const char *const words[] = { "ok", "warn", "FAIL" };
	static const char *const colors[] = { "\033[32m", "\033[33m",
		"\033[31m" };

	if (f == FINE && c->quiet)
		return;
	printf("%s%-4s%s  %-11s %s\n", c->color ? colors[f] : "", words[f],
	    c->color ? "\033[0m" : "", k->name, saw);
	if (f != FINE)
		printf("      mend: %s\n", k->mend);
}

int
ctl_doctor(struct ctl *c)
{
	bool bad = false;
	struct buf b;
	struct jw w;

	buf_init(&b, (size_t)64 * 1024);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		char saw[SAW_MAX] = "";
		enum finding f = checks[i].look(c, saw);

		bad |= f == BAD;
		if (c->json)
			print_json(&w, &checks[i], f, saw);
		else
			print_people(c, &checks[i], f, saw);
	}
	jw_end(&w);
	if (c->json)
		puts(buf_text(&b));
	buf_fini(&b);
	return bad ? CTL_FAILED : CTL_OK;
}
