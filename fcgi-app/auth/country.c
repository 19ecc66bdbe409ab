/*
 * country.c - the country rules.
 *
 * What must stay true: a rule that cannot be read closes, and what a sign-in
 * is told about countries depends on the account only after its password was
 * right (S20, S26): callers ask here then.
 */
#include "auth/country.h"

#include "base/conf.h"
#include "base/text.h"

#include <ctype.h>
#include <strings.h>

/* ISO 3166-1, and XK that databases use for Kosovo. */
static const char iso[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI "
    "BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN "
    "CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS XK YE YT ZA ZM ZW";
#define ISO_STEP	3
#define ISO_COUNT	(sizeof(iso) / ISO_STEP)

/* Is `cc` one of the n bytes of a list, whatever stands between? */
static bool
listed(const char *list, size_t n, const char *cc)
{
	for (size_t i = 0; i < n;) {
		size_t len = 0;

		while (i + len < n && isalpha((unsigned char)list[i + len]))
			len++;
		if (len == 2 && strncasecmp(list + i, cc, 2) == 0)
			return true;
		i += len > 0 ? len : 1;
	}
	return false;
}

static bool
known(const struct req *q)
{
	return strcmp(q->country, "ZZ") != 0;
}

static bool
unknown_passes(void)
{
	return strcmp(conf_str(CONF_COUNTRY_UNKNOWN), "allow") == 0;
}

/* Does the request meet a list of n bytes that admits, or refuses, its
 * countries? */
static bool
meets(const struct req *q, const char *list, size_t n, bool admits)
{
	if (known(q))
		return listed(list, n, q->country) == admits;
	return (q->local && conf_bool(CONF_COUNTRY_LOCAL)) ||
	    unknown_passes();
}

static int
refused(const struct req *q, const char *rule, struct err *e)
{
	return err_set(e, ERR_FORBIDDEN, "country_not_allowed", "%s: %s",
	    q->country, rule);
}

int
country_user(const struct req *q, const char *allowed, struct err *e)
{
	const char *allow = conf_str(CONF_COUNTRY_ALLOW);
	const char *deny = conf_str(CONF_COUNTRY_DENY);

	if ((*allow != '\0' && !meets(q, allow, strlen(allow), true)) ||
	    (*deny != '\0' && !meets(q, deny, strlen(deny), false)))
		return refused(q, "the site's rule", e);
	if (allowed != NULL && *allowed != '\0' &&
	    !meets(q, allowed, strlen(allowed), true))
		return refused(q, "the user's list", e);
	return 0;
}

/* The trailing slash of a path is optional, and so it is in a prefix. */
static bool
begins(const char *path, const char *prefix, size_t n)
{
	size_t have = strlen(path);

	if (n > 0 && n == have + 1 && prefix[n - 1] == '/')
		n--;
	return have >= n && strncmp(path, prefix, n) == 0;
}

int
country_route(const struct req *q, struct err *e)
{
	const char *p = conf_str(CONF_COUNTRY_ROUTES), *best = NULL;
	size_t best_len = 0, best_all = 0;
	bool admits;

	while (*p != '\0') {
		size_t all = strcspn(p, ", "), n;
		const char *equal = memchr(p, '=', all);

		n = equal == NULL ? all : (size_t)(equal - p);
		if (n > 0 && n >= best_len && begins(q->path, p, n)) {
			best = p;
			best_len = n;
			best_all = all;
		}
		p += all;
		p += strspn(p, ", ");
	}
	if (best == NULL)
		return 0;
	best += best_len;
	best_all -= best_len;
	if (best_all < 2)
		return refused(q, "a route's rule without countries", e);
	admits = best[1] != '!';
	return meets(q, best, best_all, admits) ? 0 :
	    refused(q, "the route's rule", e);
}

bool
country_in(const struct req *q, const char *list)
{
	return known(q) ? listed(list, strlen(list), q->country) :
	    unknown_passes();
}

int
country_list(struct arena *a, const char *const *code, size_t n,
    const char **list)
{
	char *out = arena_alloc(a, sizeof(iso) + 1);
	size_t len = 0, good = 0;

	for (size_t k = 0; k < n; k++)
		good += strlen(code[k]) == 2 &&
		    listed(iso, sizeof(iso) - 1, code[k]);
	if (good != n)
		return 0;
	for (size_t i = 0; i < ISO_COUNT; i++)
		for (size_t k = 0; k < n; k++)
			if (strncasecmp(code[k], iso + i * ISO_STEP, 2) == 0) {
				if (len > 0)
					out[len++] = ',';
				memcpy(out + len, iso + i * ISO_STEP, 2);
				len += 2;
				break;
			}
	out[len] = '\0';
	*list = len == 0 ? NULL : out;
	return 1;
}

struct set { uint64_t user_id; const char *list; struct grant_ended *x;
	int found; };

static int
set_work(struct db *db, void *arg, struct err *e)
{
	struct set *s = arg;

	s->found = user_set_allowed_countries(db, s->user_id, s->list, e);
	if (s->found <= 0)
		return s->found;
	return grant_outdate(db, s->user_id, s->x, e);
}

int
country_set(struct db *db, uint64_t user_id, const char *list,
    struct grant_ended *x, struct err *e)
{
	struct grant_ended own = GRANT_ENDED_NONE;
	struct set s = { user_id, list, x == NULL ? &own : x, 0 };

	if (db_join(db, set_work, &s, e) < 0)
		return -1;
	if (x == NULL && s.found == 1)
		grant_publish(&own);
	return s.found;
}

/* --- packed --------------------------------------------------------------------- */

_Static_assert(ISO_COUNT <= COUNTRY_PACKED * 8, "a bit a country");

void
country_pack(uint8_t bit[COUNTRY_PACKED], const char *list)
{
	bool all = list == NULL || *list == '\0';

	memset(bit, all ? 0xff : 0, COUNTRY_PACKED);
	for (size_t i = 0; !all && i < ISO_COUNT; i++) {
		const char cc[3] = { iso[i * ISO_STEP], iso[i * ISO_STEP + 1],
		    '\0' };

		if (listed(list, strlen(list), cc))
			bit[i / 8] |= (uint8_t)(1U << i % 8);
	}
}

const char *
country_unpack(struct arena *a, const uint8_t bit[COUNTRY_PACKED])
{
	char *list = arena_alloc(a, sizeof(iso) + 1), *to = list;
	bool all = true;

	for (size_t i = 0; i < COUNTRY_PACKED; i++)
		all = all && bit[i] == 0xff;
	if (all)
		return NULL;
	for (size_t i = 0; i < ISO_COUNT; i++)
		if (bit[i / 8] & 1U << i % 8) {
			memcpy(to, iso + i * ISO_STEP, ISO_STEP - 1);
			to += ISO_STEP - 1;
			*to++ = ' ';
		}
	/* A list that names nobody we know admits nobody. */
	if (to == list)
		*to++ = '-';
	*to = '\0';
	return list;
}
