/*
 * reach.c - see reach.h.
 */
#include "deliver/reach.h"

#include "base/conf.h"

/* What the user said of a channel, for this type. */
enum wish { WISH_NONE, WISH_YES, WISH_NO };

static enum wish
wish_of(const struct recipient *u, unsigned bit)
{
	if (u->type_on & bit)
		return WISH_YES;
	if (u->type_off & bit)
		return WISH_NO;
	if (u->on & bit)
		return WISH_YES;
	return u->off & bit ? WISH_NO : WISH_NONE;
}

bool
reach_unwanted(const struct recipient *u, enum channel_id id)
{
	return wish_of(u, CHANNEL_BIT(id)) == WISH_NO;
}

static bool
by_default(const struct reach_case *c, enum channel_id id)
{
	if (c->who->default_channel == CHANNELS)
		return (c->defaults & CHANNEL_BIT(id)) != 0;
	return id == c->who->default_channel || (id == CHANNEL_IN_APP &&
	    (c->defaults & CHANNEL_BIT(id)) != 0);
}

/* NULL when there is somewhere to send to. */
static const char *
no_place(const struct reach_case *c, enum channel_id id)
{
	const struct recipient *u = c->who;

	switch (id) {
	case CHANNEL_EMAIL:
		if (c->email != NULL)
			return NULL;
		return u->email == NULL ? "no_address" :
		    u->email_proved ? NULL : "unproved";
	case CHANNEL_SMS:
	case CHANNEL_WHATSAPP:
		if (c->phone != NULL)
			return NULL;
		return u->phone == NULL ? "no_address" :
		    u->phone_proved ? NULL : "unproved";
	case CHANNEL_WEB_PUSH:
	case CHANNEL_EXPO:
		return c->devices & CHANNEL_BIT(id) ? NULL : "no_device";
	case CHANNEL_IN_APP:
		return u->user_id != 0 ? NULL : "no_account";
	case CHANNELS:
		break;
	}
	return "no_address";
}

static const char *
hindrance(const struct reach_case *c, enum channel_id id, bool *quiet)
{
	const struct recipient *u = c->who;
	const char *why = no_place(c, id);

	*quiet = c->asked == 0;
	if (why != NULL)
		return why;
	if (u->suppressed[id] != NULL) {
		*quiet = false;
		if (suppression_bars(u->suppressed[id], c->matters))
			return "suppressed";
	}
	return c->provider[id] == NULL ? "no_provider" : NULL;
}

static void
decide(const struct reach_case *c, enum channel_id id, struct reach_way *w)
{
	unsigned bit = CHANNEL_BIT(id);
	enum wish wish = wish_of(c->who, bit);
	const char *why;
	bool quiet, usual = c->asked != 0 ? (c->asked & bit) != 0 :
	    by_default(c, id);

	*w = (struct reach_way){ REACH_NO, "not_chosen", false, NULL };
	if (c->asked != 0 ? !usual : !usual && wish != WISH_YES)
		return;
	if (wish == WISH_NO && !c->critical && !c->decided) {
		*w = (struct reach_way){ REACH_SKIP, "opted_out", true,
		    NULL };
		return;
	}
	if ((why = hindrance(c, id, &quiet)) != NULL)
		*w = (struct reach_way){ REACH_SKIP, why, !quiet,
		    strcmp(why, "suppressed") == 0 ? c->who->suppressed[id] :
		    NULL };
	else
		*w = (struct reach_way){ REACH_GO, "", true, NULL };
}

void
reach_decide(const struct reach_case *c, struct reach *r)
{
	unsigned go = 0, any = 0;

	memset(r, 0, sizeof(*r));
	if (c->who->user_id != 0 && !c->who->exists)
		r->nobody = "unknown_user";
	else if (c->who->user_id != 0 && !c->who->active)
		r->nobody = "inactive";
	for (unsigned i = 0; i < CHANNELS; i++) {
		decide(c, (enum channel_id)i, &r->way[i]);
		go += r->way[i].what == REACH_GO;
		any += r->way[i].what != REACH_NO;
	}
	if (r->nobody == NULL && any == 0)
		r->nobody = "no_channel";
	/* Nothing goes at all: then every reason is wanted. */
	for (unsigned i = 0; i < CHANNELS && go == 0; i++)
		r->way[i].kept = r->way[i].what != REACH_NO;
}

unsigned
reach_defaults(void)
{
	return channels_mask(conf_str(CONF_DEFAULT_CHANNELS));
}
