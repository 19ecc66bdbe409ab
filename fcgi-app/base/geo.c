/*
 * geo.c - one open database a process, looked at again every few seconds.
 */
#include "base/geo.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#include <maxminddb.h>
#include <sys/stat.h>

#define LOOK_US	(2 * US_PER_S)

static struct {
	MMDB_s		 db;
	bool		 open;
	char		 path[208];	/* of what was tried last */
	struct stat	 st;
	int64_t		 looked_us;	/* 0: never */
} now;

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The file of the setting when it is another than the open one. */
static void
look(const char *path)
{
	int64_t t = clock_mono();
	bool moved = strcmp(path, now.path) != 0;
	struct stat st;
	MMDB_s fresh;
	int rc;

	if (!moved && now.looked_us != 0 && t - now.looked_us < LOOK_US)
		return;
	now.looked_us = t;
	/* Between the two halves of a replacement there may be none. */
	if (stat(path, &st) != 0) {
		if (moved)
			log_warn("geo: %s cannot be read", path);
		snprintf(now.path, sizeof(now.path), "%s", path);
		return;
	}
	if (!moved && same_file(&st, &now.st))
		return;
	snprintf(now.path, sizeof(now.path), "%s", path);
	now.st = st;
	if ((rc = MMDB_open(path, MMDB_MODE_MMAP, &fresh)) != MMDB_SUCCESS) {
		log_warn("geo: %s: %s", path, MMDB_strerror(rc));
		return;
	}
	if (now.open)
		MMDB_close(&now.db);
	now.db = fresh;
	now.open = true;
}

/* Text of the record at a path of names. */
static bool
text_at(const char *addr, const char *const *names, char *out, size_t cap)
{
	const char *path = conf_str(CONF_GEOIP_DB);
	MMDB_lookup_result_s found;
	MMDB_entry_data_s d;
	int gai = 0, rc = MMDB_SUCCESS;
	size_t n;

	if (*path == '\0' || *addr == '\0')
		return false;
	look(path);
	if (!now.open)
		return false;
	found = MMDB_lookup_string(&now.db, addr, &gai, &rc);
	if (gai != 0 || rc != MMDB_SUCCESS || !found.found_entry ||
	    MMDB_aget_value(&found.entry, &d, names) != MMDB_SUCCESS ||
	    !d.has_data || d.type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	n = d.data_size < cap - 1 ? d.data_size : cap - 1;
	while (n < d.data_size && n > 0 &&
	    ((unsigned char)d.utf8_string[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, d.utf8_string, n);
	out[n] = '\0';
	return strlen(out) == n && !text_has_control(out);
}

int
geo_country(const char *addr, char out[GEO_COUNTRY_TEXT])
{
	static const char *const names[] = { "country", "iso_code", NULL };

	if (text_at(addr, names, out, GEO_COUNTRY_TEXT) &&
	    out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'A' && out[1] <= 'Z')
		return 1;
	memcpy(out, "ZZ", GEO_COUNTRY_TEXT);
	return 0;
}

int
geo_city(const char *addr, char out[GEO_CITY_TEXT])
{
	static const char *const names[] = { "city", "names", "en", NULL };

	if (text_at(addr, names, out, GEO_CITY_TEXT))
		return 1;
	out[0] = '\0';
	return 0;
}
