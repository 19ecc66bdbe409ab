/*
 * enqueue.c - acceptance: seal the secret, then one CALL.
 */
#include "queue/enqueue.h"

#include "base/crypto.h"
#include "base/keyring.h"
#include "base/rand.h"
#include "queue/secret.h"
#include "store/job.h"
#include "store/notification.h"

bool
enqueue_type_ours(const char *type)
{
	static const char *const ours[] = { "code", "notice", "digest" };

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (strcmp(type, ours[i]) == 0)
			return true;
	return false;
}

int
enqueue(struct db *db, const struct enqueue *m, uint64_t *existing,
    bool *same, struct err *e)
{
	uint8_t sealed[JOB_SECRET_MAX], mac[32];
	struct notification_new n = {
		.id = m->id, .job_id = rand_id(),
		.user_id = m->user_id, .token_id = m->token_id,
		.type = m->type, .channel = m->channel,
		.title = m->title == NULL ? "" : m->title,
		.content = m->content, .audience = m->audience,
		.class = m->class, .job_class = !m->behind ? m->class :
		    m->class < CLASS_CAMPAIGN ? JOB_CLASS_BULK :
		    JOB_CLASS_BULK + 1, .request_id = m->request_id,
		.scope = m->idem_scope, .key = m->idem_key, .mac = m->idem_mac,
		.life_s = m->life_s, .run_us = m->run_us,
		.ends_us = m->ends_us, .waiter = m->waiter,
	};
	struct arena *a;
	int rc;

	if (m->secret != NULL) {
		if (job_secret_seal(sealed, sizeof(sealed), &n.secret_len,
		    n.job_id, m->secret, e) < 0)
			return -1;
		n.secret = sealed;
	}
	rc = notification_accept(db, &n, e);
	secret_wipe(sealed, sizeof(sealed));
	if (rc != 0 || m->idem_scope == NULL)
		return rc;
	a = arena_new(4096);
	rc = notification_by_key(db, a, m->idem_scope, m->idem_key, existing,
	    mac, e);
	arena_free(a);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "idempotency_race",
		    "the key was there and is gone");
	*same = secret_equal(mac, sizeof(mac), m->idem_mac, 32);
	return 0;
}
