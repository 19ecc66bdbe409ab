/*
 * notify_own.h - what POST /api/notifications/ and its explain share: the
 * request read, checked and made into what is accepted.  Not for others.
 */
#ifndef GP_API_NOTIFY_OWN_H
#define GP_API_NOTIFY_OWN_H

#include "api/push_own.h"
#include "api/template_use.h"
#include "deliver/audience.h"

struct notify_in {
	const char	*type, *template, *group, *topic, *email, *phone,
			*title, *body, *url, *icon, *urgency, *collapse_key,
			*class, *sound, *priority, *channel_id;
	struct opt_int	 user_id, badge;
	struct ints	 user_ids;
	struct opt_bool	 all;
	const struct json *data, *escalate;
	struct texts	 channels;
	int64_t		 at, expires_at;
};
#define NOTIFY_MOST	10000		/* recipients a call */

struct notify {
	const char	*type, *title, *content;
	enum job_class	 class;
	struct audience	 au;
	const char	*audience;	/* au as JSON */
	bool		 ready;		/* a template's words: */
	struct template_used use;
	uint32_t	 life_s;
	int64_t		 run_us, ends_us;	/* 0: now; by life_s */
};
/* 0 and *n in the call's arena; -1 ERR_INPUT naming the member. */
int	 notify_read(struct call *c, const struct notify_in *in,
	    struct notify *n, struct err *e) MUST_CHECK;

/* --- notify_to.c ---------------------------------------------------------- */
/* To whom and how: n->au and n->audience. */
int	 notify_to(struct call *c, const struct notify_in *in,
	    struct notify *n, struct err *e) MUST_CHECK;

#endif
