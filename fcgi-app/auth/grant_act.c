/*
 * grant_act.c - sessions in which a superuser acts as somebody else (S70).
 */
#include "auth/grant_own.h"

#include "base/conf.h"
#include "base/rand.h"

int
grant_act(struct db *db, struct arena *a, const struct req *q,
    const struct user *u, uint64_t actor_id, uint32_t life_s,
    struct grant *g, struct err *e)
{
	const struct session_new n = {
		.id = db_in_tx(db) ? db_tx_key(db) : rand_id(),
		.user_id = u->id, .amr = "act", .ip = q->remote_addr,
		.country = q->country, .user_agent = q->user_agent,
		.claim = u->claim && !USER_PROVED(u), .idle_s = life_s, .life_s = life_s,
		.actor_id = actor_id,
	};
	struct session s;
	int rc = session_insert(db, a, &n, &s, e);

	if (rc == 1)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "user %" PRIu64 " is gone", u->id);
	return rc < 0 ? -1 : grant_pair(a, &s, g, e);
}

int
grant_end_acting(struct db *db, uint64_t actor_id, struct err *e)
{
	return session_end_acting(db, actor_id, "actor_out",
	    (uint32_t)conf_int(CONF_ACCESS_LIFE_S), e);
}
