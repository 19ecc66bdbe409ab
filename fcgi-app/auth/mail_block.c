/*
 * mail_block.c - sorted lists of names; each suffix of a domain or host is
 * looked up.
 */
#include "auth/mail_block.h"

#include "base/arena.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "net/mx.h"
#include "store/mail_domain.h"

#include <ctype.h>
#include <sys/stat.h>

#define FILE_MAX	((size_t)16 << 20)

/* One of the domains (the API's), one of mail hosts (the worker's). */
static struct names {
	enum conf_key	 key;
	struct arena	*arena;
	const char	**domain;
	size_t		 n;
	struct timespec	 at;
	off_t		 size;
	bool		 complained;
} domains = { .key = CONF_MAIL_BLOCKED_FILE },
    hosts = { .key = CONF_MAIL_BLOCKED_MX_FILE };

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In place: lower case, comments and blanks away. */
static char *
line_of(char **rest)
{
	char *s = *rest, *end;

	while (*s != '\0' && isspace((unsigned char)*s))
		s++;
	if (*s == '\0')
		return NULL;
	end = s + strcspn(s, "\n");
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	s[strcspn(s, "# \t\r")] = '\0';
	for (char *p = s; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

static void
load(struct names *list, const char *path, const struct stat *st)
{
	struct arena *a = arena_new(4 * FILE_MAX);
	struct err e = ERR_INIT;
	const char **domain;
	char *text, *s;
	size_t len, lines = 1, n = 0;

	if (file_read(a, path, FILE_MAX, &text, &len, &e) < 0) {
		log_err(LOG_ERROR_, path, &e);
		arena_free(a);
		list->complained = true;
		return;
	}
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	domain = arena_array(a, lines, sizeof(*domain));
	while ((s = line_of(&text)) != NULL)
		if (*s != '\0')
			domain[n++] = s;
	qsort(domain, n, sizeof(*domain), by_text);
	arena_free(list->arena);
	list->arena = a;
	list->domain = domain;
	list->n = n;
	list->at = st->st_mtim;
	list->size = st->st_size;
	list->complained = false;
}

static void
refresh(struct names *list)
{
	const char *path = conf_str(list->key);
	struct stat st;

	if (*path == '\0') {
		list->n = 0;
		return;
	}
	if (stat(path, &st) == -1) {
		if (!list->complained)
			log_error("%s is not there",
			    path);
		list->complained = true;
	} else if (list->arena == NULL || st.st_size != list->size ||
	    st.st_mtim.tv_sec != list->at.tv_sec ||
	    st.st_mtim.tv_nsec != list->at.tv_nsec) {
		load(list, path, &st);
	}
}

/* Is the name, or one above it, on the list?  `more`: on the setting. */
static bool
on_list(struct names *list, const char *name, const enum conf_key *more)
{
	refresh(list);
	for (const char *d = name; d != NULL; d = strchr(d, '.')) {
		d += d != name;
		if ((more != NULL && conf_list_has(*more, d)) ||
		    (list->n > 0 && bsearch(&d, list->domain, list->n,
		    sizeof(d), by_text) != NULL))
			return true;
	}
	return false;
}

bool
mail_blocked(const char *address)
{
	static const enum conf_key more = CONF_MAIL_BLOCKED_DOMAINS;
	const char *at = strrchr(address, '@');

	return at != NULL && on_list(&domains, at + 1, &more);
}

bool
mail_mx_wanted(void)
{
	return conf_bool(CONF_MAIL_MX_CHECK) ||
	    *conf_str(CONF_MAIL_BLOCKED_MX_FILE) != '\0';
}

int
mail_block_check(const char *field, const char *address, struct err *e)
{
	return address == NULL || !mail_blocked(address) ? 0 :
	    err_field(e, field, "email_not_accepted", "a blocked domain");
}

int
mail_reach_check(struct db *db, const char *field, const char *address,
    struct err *e)
{
	const char *at = address == NULL ? NULL : strrchr(address, '@');
	enum mail_verdict v = MAIL_UNKNOWN;

	if (at == NULL)
		return 0;
	if (mail_block_check(field, address, e) < 0)
		return -1;
	if (mail_mx_wanted() && mail_domain_ask(db, at + 1, &v, e) < 0)
		return -1;
	if (v == MAIL_BLOCKED)
		return err_field(e, field, "email_not_accepted",
		    "a blocked mail host takes its mail");
	return v != MAIL_NOWHERE ? 0 : err_field(e, field, "email_nowhere",
	    "no host takes its mail");
}

/* --- worker --------------------------------------------------------------------- */

#define LOOK_MAX	8u

static enum mail_verdict
verdict(const char *domain)
{
	struct mx m;

	switch (mx_look(domain, &m)) {
	case MX_FOUND:
		for (size_t i = 0; i < m.n; i++)
			if (on_list(&hosts, m.host[i], NULL))
				return MAIL_BLOCKED;
		return MAIL_GOOD;
	case MX_NONE:
		return MAIL_NOWHERE;
	case MX_DOWN:
	default:
		return MAIL_UNKNOWN;
	}
}

int
mail_mx_look(struct db *db, struct err *e)
{
	char domain[LOOK_MAX][MAIL_DOMAIN_MAX];
	int n = mail_domain_due(db, domain, LOOK_MAX, e);

	for (int i = 0; i < n; i++) {
		enum mail_verdict v = verdict(domain[i]);

		if (mail_domain_set(db, domain[i], v, e) < 0)
			return -1;
		/* Silent for all: the next turn asks again. */
		if (v == MAIL_UNKNOWN)
			return i + 1;
	}
	return n;
}
