/*
 * mail_block.c - a sorted list of domains; each suffix of an address's domain
 * is looked up.
 */
#include "auth/mail_block.h"

#include "base/arena.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"

#include <ctype.h>
#include <sys/stat.h>

#define FILE_MAX	((size_t)16 << 20)

static struct {
	struct arena	*arena;
	const char	**domain;
	size_t		 n;
	struct timespec	 at;
	off_t		 size;
	bool		 complained;
} list;

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
load(const char *path, const struct stat *st)
{
	struct arena *a = arena_new(4 * FILE_MAX);
	struct err e = ERR_INIT;
	const char **domain;
	char *text, *s;
	size_t len, lines = 1, n = 0;

	if (file_read(a, path, FILE_MAX, &text, &len, &e) < 0) {
		log_err(LOG_ERROR_, "blocked mail domains", &e);
		arena_free(a);
		list.complained = true;
		return;
	}
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	domain = arena_array(a, lines, sizeof(*domain));
	while ((s = line_of(&text)) != NULL)
		if (*s != '\0')
			domain[n++] = s;
	qsort(domain, n, sizeof(*domain), by_text);
	arena_free(list.arena);
	list.arena = a;
	list.domain = domain;
	list.n = n;
	list.at = st->st_mtim;
	list.size = st->st_size;
	list.complained = false;
}

static void
refresh(void)
{
	const char *path = conf_str(CONF_MAIL_BLOCKED_FILE);
	struct stat st;

	if (*path == '\0') {
		list.n = 0;
		return;
	}
	if (stat(path, &st) == -1) {
		if (!list.complained)
			log_error("blocked mail domains: %s is not there",
			    path);
		list.complained = true;
	} else if (list.arena == NULL || st.st_size != list.size ||
	    st.st_mtim.tv_sec != list.at.tv_sec ||
	    st.st_mtim.tv_nsec != list.at.tv_nsec) {
		load(path, &st);
	}
}

bool
mail_blocked(const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL)
		return false;
	refresh();
	for (const char *d = at; d != NULL; d = strchr(d + 1, '.')) {
		const char *name = d + 1;

		if (conf_list_has(CONF_MAIL_BLOCKED_DOMAINS, name) ||
		    (list.n > 0 && bsearch(&name, list.domain, list.n,
		    sizeof(name), by_text) != NULL))
			return true;
	}
	return false;
}

int
mail_block_check(const char *field, const char *address, struct err *e)
{
	return address == NULL || !mail_blocked(address) ? 0 :
	    err_field(e, field, "email_not_accepted", "a blocked domain");
}
