/*
 * push_vapid.c - the key that browsers are subscribed with: a setting's, for
 * who brings one along, else the key directory's.
 */
#include "api/push_own.h"

#include "auth/token.h"
#include "base/conf.h"
#include "base/text.h"
#include "channel/providers/vapid.h"

/* The setting's public key, worked out once a process: settings change only
 * with new processes. */
static char brought[B64_SIZE(65)];

static int
read_setting(struct err *e)
{
	struct p256_key *k;
	uint8_t point[65];

	k = vapid_key_parse(conf_str(CONF_VAPID_PRIVATE),
	    conf_str(CONF_VAPID_PUBLIC), e);
	if (k == NULL)
		return -1;
	p256_public(k, point);
	p256_free(k);
	b64url_encode(brought, sizeof(brought), point, sizeof(point));
	return 0;
}

const char *
push_public_key(struct err *e)
{
	const struct keyring *k = token_keys();

	if (*conf_str(CONF_VAPID_PRIVATE) != '\0') {
		if (brought[0] == '\0' && read_setting(e) < 0)
			return NULL;
		return brought;
	}
	if (k == NULL || k->vapid == NULL) {
		err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "no VAPID key: gatepostctl keys generate");
		return NULL;
	}
	return k->vapid_public_b64;
}

int
push_key_tag(uint8_t tag[8], struct err *e)
{
	const char *b64 = push_public_key(e);
	uint8_t point[65], hash[32];

	if (b64 == NULL)
		return -1;
	if (b64url_decode(point, sizeof(point), b64, strlen(b64)) !=
	    (ssize_t)sizeof(point))
		return err_set(e, ERR_INTERNAL, "vapid_key",
		    "the public key does not decode");
	sha256(hash, point, sizeof(point));
	memcpy(tag, hash, 8);
	return 0;
}

int
vapid_key_get(struct call *c, const void *in, struct err *e)
{
	const char *key = push_public_key(e);
	struct jw *w;

	(void)in;
	if (key == NULL)
		return -1;
	w = resp_json(c->resp, 200);
	jw_str(w, "public_key", key);
	resp_json_end(c->resp);
	return 0;
}
