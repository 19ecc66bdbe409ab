/*
 * push_own.h - what the push rows share: refusals by field, subscriptions,
 * what is sent, waiting for it, answers made from rows.  Not for others.
 */
#ifndef GP_API_PUSH_OWN_H
#define GP_API_PUSH_OWN_H

#include "api/route.h"
#include "queue/enqueue.h"
#include "store/device.h"
#include "store/notification.h"

#define WEB_PUSH	"web_push"
#define DEVICES_MOST	100		/* of one user and kind */

/* --- fields.c ----------------------------------------------------------- */
/* Refuse one member: its name and sentence (English, of base/lang_rows.def)
 * go into `errors`.  Returns -1. */
int	 field_refuse(struct call *c, const char *field, const char *code,
	    struct err *e, const char *fmt, ...) PRINTF(5, 6);
/* An id of the path or body: 1 and *id, or 0 when it is none of ours. */
int	 id_read(const char *text, uint64_t *id) MUST_CHECK;
int	 id_of_path(const struct call *c, size_t i, uint64_t *id,
	    struct err *e) MUST_CHECK;		/* 0, or -1 ERR_NOT_FOUND */
/* At most n code points of s. */
const char *text_cut(struct arena *a, const char *s, size_t n);

/* --- push_vapid.c ------------------------------------------------------- */
/* The public key that browsers subscribe with, base64url; NULL and *e set
 * when there is none (ERR_UNAVAILABLE). */
const char *push_public_key(struct err *e);
/* First bytes of its SHA-256, for device.vapid.  0 or -1. */
int	 push_key_tag(uint8_t tag[8], struct err *e) MUST_CHECK;

/* --- push_subscription.c ------------------------------------------------ */
struct subscription {
	const char	*endpoint;
	uint8_t		 hash[32], p256dh[65], auth[16];
};
/* Where a subscription stood in the request; `item` < 0: not in a list. */
struct sub_place { const char *field; int item; };
/*
 * Check one: the endpoint by the egress rules (H4), the keys' lengths and the
 * point.  0; -1 ERR_INPUT naming the field.
 */
int	 subscription_check(struct call *c, const struct sub_place *at,
	    const char *endpoint, const char *p256dh, const char *auth,
	    struct subscription *s, struct err *e) MUST_CHECK;
/* Out of {endpoint, keys: {p256dh, auth}, …}; any more members are let be. */
int	 subscription_read(struct call *c, const struct sub_place *at,
	    const struct json *j, struct subscription *s, struct err *e)
	    MUST_CHECK;
/* The same as a row to be; points into *s. */
void	 subscription_row(const struct subscription *s, const uint8_t *tag,
	    struct device_new *n);
/* A list or a single object into device ids (inline ones get rows).  Ids in
 * the arena, each once.  How many, or -1. */
int	 subscriptions_offer(struct call *c, const char *field,
	    const struct json *j, uint64_t **id, struct err *e) MUST_CHECK;

/* --- subscriptions.c ---------------------------------------------------- */
/* A script that makes up targets must not grow the fan-out for ever: 0 there
 * is room for `n`, or it is the user's already; -1 ERR_CONFLICT
 * "too_many_devices". */
int	 device_room(struct call *c, const struct device_new *n,
	    struct err *e) MUST_CHECK;

/* --- trial.c ------------------------------------------------------------- */
struct trial {
	const char	*event;		/* of the audit */
	uint64_t	 of;		/* whose account or device */
	const char	*what;		/* a member of its detail, as JSON */
};
/* Accept m once (the key of the request), ring, wait, and answer with its
 * deliveries.  0 or -1. */
int	 trial_send(struct call *c, struct enqueue *m, const struct trial *t,
	    struct err *e) MUST_CHECK;

/* --- push_content.c ----------------------------------------------------- */
/* What is to be shown; the same members in both kinds of send. */
struct push_in {
	const char	*title, *body, *url, *icon;
	struct file	 icon_file;
	const struct json *data;
	struct opt_int	 ttl;
	const char	*urgency, *topic;
	struct opt_bool	 require_interaction;
};
#define ICON_FILE_MAX	(256 * 1024)
#define PUSH_TTL_MAX	2592000		/* 30 days: the most a service keeps */
#define PUSH_ROWS(S)							\
	FIELD_TEXT(S, p.title, "title", 1, 255, F_REQUIRED | F_LINE),	\
	FIELD_TEXT(S, p.body, "body", 1, 4000, F_REQUIRED),		\
	FIELD_TEXT(S, p.url, "url", 0, 2000, F_TRIM | F_LINE),		\
	FIELD_TEXT(S, p.icon, "icon", 0, 4000, F_TRIM | F_LINE),	\
	FIELD_OF(FT_FILE, S, p.icon_file, "icon", 0, ICON_FILE_MAX, 0),	\
	FIELD_OF(FT_JSON, S, p.data, "data", 0, 0, F_JSON_TEXT),	\
	FIELD_OF(FT_INT, S, p.ttl, "ttl", 0, PUSH_TTL_MAX, F_LOOSE),	\
	FIELD_ENUM(S, p.urgency, "urgency", "very-low|low|normal|high", 0), \
	FIELD_TEXT(S, p.topic, "topic", 1, 64, F_LINE),			\
	FIELD_OF(FT_BOOL, S, p.require_interaction,			\
	    "require_interaction", 0, 0, F_LOOSE)

/* Addresses that a click or a page follows: http, https or the site's own, and
 * a picture's data; `data` may hold one as "url".  NULL is none.  0, or -1
 * ERR_INPUT naming the member. */
int	 push_addresses(struct call *c, const char *url,
	    const struct json *data, const char *icon, struct err *e)
	    MUST_CHECK;
/* notification.content, and how long it is worth sending.  NULL with
 * ERR_INPUT naming the member. */
const char *push_content(struct call *c, const struct push_in *p,
	    uint32_t *life_s, struct err *e);

/* --- push_wait.c -------------------------------------------------------- */
struct waiter;
struct push_wait {
	int		 ms;		/* 0: do not wait */
	bool		 slot;		/* a place in the scoreboard is held */
	struct waiter	*waiter;	/* NULL: poll only */
};
/* How long: by Prefer, else `unasked_s`; takes a place if one is left (D1). */
void	 push_wait_begin(struct call *c, struct push_wait *w, int unasked_s);
const char *push_wait_name(const struct push_wait *w);
/* Until every delivery of it is final or the time is over. */
void	 push_wait_for(struct call *c, struct push_wait *w, uint64_t id);
void	 push_wait_end(struct call *c, struct push_wait *w);

/* --- notifications.c ---------------------------------------------------- */
/* The one the path names, if it is the caller's to see.  0 or -1. */
int	 notification_own(struct call *c, struct notification *n,
	    struct err *e) MUST_CHECK;

/* --- push_answer.c ------------------------------------------------------ */
/* From the rows of notification `id`, as they are now. */
int	 push_answer_single(struct call *c, uint64_t id, struct err *e)
	    MUST_CHECK;
int	 push_answer_group(struct call *c, uint64_t id, struct err *e)
	    MUST_CHECK;
/* It is accepted, and more cannot be said. */
void	 push_answer_accepted(struct call *c, uint64_t id);
/* One delivery as an element of the open array. */
struct delivery;
void	 push_delivery(struct call *c, struct jw *w, uint64_t id,
	    const struct delivery *d);

#endif
