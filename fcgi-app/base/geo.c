/*
 * geo.c - two open databases a process at most, looked at again every few seconds.
 */
#include "base/geo.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#include <maxminddb.h>
#include <sys/stat.h>

#define LOOK_US	(2 * US_PER_S)

static struct base {
	enum conf_key	 file;		/* the setting that names it */
	MMDB_s		 db;
	bool		 open;
	char		 path[208];	/* of what was tried last */
	struct stat	 st;
	int64_t		 looked_us;	/* 0: never */
} places = { .file = CONF_GEOIP_DB }, networks = { .file = CONF_ASN_DB };

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
look(struct base *b, const char *path)
{
	int64_t t = clock_mono();
	bool moved = strcmp(path, b->path) != 0;
	struct stat st;
	MMDB_s fresh;
	int rc;

	if (!moved && b->looked_us != 0 && t - b->looked_us < LOOK_US)
		return;
	b->looked_us = t;
	/* Between the two halves of a replacement there may be none. */
	if (stat(path, &st) != 0) {
		if (moved)
			log_warn("geo: %s cannot be read", path);
		snprintf(b->path, sizeof(b->path), "%s", path);
		return;
	}
	if (!moved && same_file(&st, &b->st))
		return;
	snprintf(b->path, sizeof(b->path), "%s", path);
	b->st = st;
	if ((rc = MMDB_open(path, MMDB_MODE_MMAP, &fresh)) != MMDB_SUCCESS) {
		log_warn("geo: %s: %s", path, MMDB_strerror(rc));
		return;
	}
	if (b->open)
		MMDB_close(&b->db);
	b->db = fresh;
	b->open = true;
}

/* What the record of an address has at a path of names. */
static bool
value_at(struct base *b, const char *addr, const char *const *names,
    uint32_t type, MMDB_entry_data_s *d)
{
	const char *path = conf_str(b->file);
	MMDB_lookup_result_s found;
	int gai = 0, rc = MMDB_SUCCESS;

	if (*path == '\0' || *addr == '\0')
		return false;
	look(b, path);
	if (!b->open)
		return false;
	found = MMDB_lookup_string(&b->db, addr, &gai, &rc);
	return gai == 0 && rc == MMDB_SUCCESS && found.found_entry &&
	    MMDB_aget_value(&found.entry, d, names) == MMDB_SUCCESS &&
	    d->has_data && d->type == type;
}

static bool
text_at(const char *addr, const char *const *names, char *out, size_t cap)
{
	MMDB_entry_data_s d;
	size_t n;

	if (!value_at(&places, addr, names, MMDB_DATA_TYPE_UTF8_STRING, &d))
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

int
geo_as(const char *addr, char out[GEO_AS_TEXT])
{
	static const char *const names[] = { "autonomous_system_number",
	    NULL };
	MMDB_entry_data_s d;

	out[0] = '\0';
	if (!value_at(&networks, addr, names, MMDB_DATA_TYPE_UINT32, &d) ||
	    d.uint32 == 0)
		return 0;
	snprintf(out, GEO_AS_TEXT, "AS%" PRIu32, d.uint32);
	return 1;
}
