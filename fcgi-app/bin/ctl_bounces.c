/*
 * gatepostctl bounces [DIR]
 *
 * Read what came back into a mailbox (a Maildir: GATEPOST_DSN_MAILDIR, or
 * DIR) and write it to the log: deliveries end as failed, addresses that are
 * not there get nothing any more.  For cron or a timer; any number at once.
 *
 * What must stay true: a mail is moved out of new/ only after what it says
 * was committed, so a run that was killed reads it again, and reading twice
 * changes nothing.
 */
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "bin/ctl.h"
#include "channel/dsn.h"
#include "channel/verp.h"
#include "store/bounce.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define MAIL_BYTES_MAX	((size_t)4 << 20)

struct run { unsigned taken, ignored, failed; };

/* Read, or what could never be: seen.  A name holds ":2," at most once. */
static int
put_away(struct arena *a, const char *dir, const char *name, struct err *e)
{
	const char *from = arena_printf(a, "%s/new/%s", dir, name);
	const char *to = arena_printf(a, "%s/cur/%.*s:2,S", dir,
	    (int)strcspn(name, ":"), name);

	/* Another run was faster: so be it. */
	if (rename(from, to) < 0 && errno != ENOENT)
		return err_errno(e, "maildir", "%s", to);
	return 0;
}

static int
one(struct ctl *c, struct arena *a, const char *dir, const char *name,
    struct run *r, struct err *e)
{
	const char *path = arena_printf(a, "%s/new/%s", dir, name);
	struct bounce b;
	struct stat st;
	struct dsn d;
	char *mail;
	size_t n;
	int rc = 0;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if ((size_t)st.st_size <= MAIL_BYTES_MAX) {
		if (file_read(a, path, MAIL_BYTES_MAX, &mail, &n, e) < 0)
			return -1;
		if (dsn_read(mail, n, &d) && dsn_bounce(&d, &b.state,
		    &b.reason, &b.suppress)) {
			b.notification_id = d.notification_id;
			b.seq = d.seq;
			if ((rc = bounce_take(c->db, &b, e)) < 0)
				return -1;
		}
	}
	r->taken += rc == 1;
	r->ignored += rc != 1;
	return put_away(a, dir, name, e);
}

int
ctl_bounces(struct ctl *c)
{
	const char *dir = ctl_word(c, 1) != NULL ? ctl_word(c, 1) :
	    conf_str(CONF_DSN_MAILDIR);
	struct run r = { 0, 0, 0 };
	struct err e = ERR_INIT;
	struct dirent *d;
	struct arena *a;
	DIR *handle;

	if (*dir == '\0')
		return ctl_usage(c);
	if (*conf_str(CONF_BOUNCE_ADDRESS) != '\0') {
		if (keyring_load(&c->keys, conf_str(CONF_KEY_DIR), &e) < 0)
			return ctl_fail("the keys do not load", &e,
			    "gatepostctl keys generate");
		verp_use(c->keys.mac);
	}
	a = arena_new((size_t)16 << 20);
	if ((handle = opendir(arena_printf(a, "%s/new", dir))) == NULL) {
		(void)err_errno(&e, "maildir", "%s/new", dir);
		arena_free(a);
		keyring_free(&c->keys);
		return ctl_fail("the mailbox was not read", &e,
		    "GATEPOST_DSN_MAILDIR names a Maildir that this user may "
		    "read and write");
	}
	while ((d = readdir(handle)) != NULL) {
		struct arena *own;

		if (d->d_name[0] == '.')
			continue;
		own = arena_new((size_t)16 << 20);
		err_clear(&e);
		if (one(c, own, dir, d->d_name, &r, &e) < 0) {
			log_err(LOG_WARN_, "a bounce stays in the mailbox",
			    &e);
			r.failed++;
		}
		arena_free(own);
	}
	closedir(handle);
	arena_free(a);
	keyring_free(&c->keys);
	if (c->json)
		printf("{\"taken\":%u,\"ignored\":%u,\"failed\":%u}\n",
		    r.taken, r.ignored, r.failed);
	else
		ctl_say(c, "%u taken, %u ignored, %u failed\n", r.taken,
		    r.ignored, r.failed);
	return r.failed > 0 ? CTL_FAILED : CTL_OK;
}
