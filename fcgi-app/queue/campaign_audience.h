/*
 * campaign_audience.h - campaign.audience: named conditions that all hold
 * together, or a list of addresses.
 *
 *   {"all": true}                        every live account
 *   {"ids": [7, 8]}  {"group": "ops"}    of these, of its members
 *   {"is_staff": false, "locale": ["fa"], "country": ["IR", "DE"],
 *    "created_after": T, "created_before": T, "last_seen_after": T,
 *    "last_seen_before": T, "has": ["email", "web_push"]}
 *   {"addresses": ["+98…", …]}           made by bulk sends, never by clients
 *
 * At least one member: nobody means everybody by mistake.  Conditions become
 * values of prepared statements (store/people.h), never SQL.
 */
#ifndef GP_QUEUE_CAMPAIGN_AUDIENCE_H
#define GP_QUEUE_CAMPAIGN_AUDIENCE_H

#include "base/json.h"
#include "store/people.h"

#define AUDIENCE_WORDS_MAX	50	/* locales, countries */
#define AUDIENCE_ADDRESSES_MAX	10000

struct campaign_audience {
	struct people_where where;
	const char	*group;		/* as given; not resolved yet */
	const struct json *addresses;	/* a list of strings, or NULL */
};

/* Where a client's document is wrong: the member, and an English sentence of
 * base/lang_rows.def. */
struct audience_fault { const char *member, *sentence; };

/*
 * Read a client's conditions.  0, or -1 with *fault.  Strings are in the
 * arena; `addresses` points into j.
 */
int	 campaign_audience_read(struct arena *a, const struct json *j,
	    struct campaign_audience *out, struct audience_fault *fault)
	    MUST_CHECK;
/* The text that is stored: as read, with the group's id. */
const char *campaign_audience_text(struct arena *a, const struct json *j,
	    uint64_t group_id);
/* Read a stored one.  0, or -1: it is broken. */
int	 campaign_audience_stored(struct arena *a, const struct json *j,
	    struct campaign_audience *out) MUST_CHECK;

#endif
