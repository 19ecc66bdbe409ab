/*
 * webhook.c - what the site has us tell it: events as Standard Webhooks
 * 1.0.0 has them (standardwebhooks.com), signed with the webhook's own key.
 *
 * The content is the body, byte for byte as it is signed.  Address, key and id
 * of the event travel in job.secret (D24).  A repeat is harmless: the receiver
 * knows the event by its id.
 */
#include "channel/providers/providers.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"

#define CONCURRENCY	32
#define TIMEOUT_MS	10000
#define KEY_MIN		24
#define KEY_MAX		64

/* The addresses are rows of a table; there is nothing to set. */
static int
configured(const struct account *acc, struct err *e)
{
	(void)acc;
	(void)e;
	return 0;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	const char *url = json_str(json_get(m->secret, "url"));
	const char *key = json_str(json_get(m->secret, "key"));
	const char *id = json_str(json_get(m->secret, "id"));
	const char *body = json_text(a, m->content);
	uint8_t raw[KEY_MAX], mac[32];
	char sig[B64_SIZE(32)];
	const char *at;
	ssize_t n;

	if (url == NULL || key == NULL || id == NULL ||
	    (n = b64url_decode(raw, sizeof(raw), key, strlen(key))) < KEY_MIN)
		return err_set(e, ERR_INPUT, "webhook_gone",
		    "no address or key");
	at = arena_printf(a, "%" PRId64, m->now_us / US_PER_S);
	hmac_sha256_parts(mac, raw, (size_t)n, (const struct crypto_part[]){
	    { id, strlen(id) }, { ".", 1 }, { at, strlen(at) }, { ".", 1 },
	    { body, strlen(body) } }, 5);
	secret_wipe(raw, sizeof(raw));
	(void)b64_encode(sig, sizeof(sig), mac, sizeof(mac));
	out->kind = SEND_HTTP;
	out->url = url;
	out->log_url = m->to;
	out->method = "POST";
	out->header[0] = "Content-Type: application/json";
	out->header[1] = arena_printf(a, "webhook-id: %s", id);
	out->header[2] = arena_printf(a, "webhook-timestamp: %s", at);
	out->header[3] = arena_printf(a, "webhook-signature: v1,%s", sig);
	out->header[4] = "User-Agent: Gatepost-Webhooks/1";
	out->body = body;
	out->body_len = strlen(body);
	out->site_url = true;
	out->timeout_ms = TIMEOUT_MS;
	out->repeat_ok = true;
	return 0;
}

static void
judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	(void)m;
	v->wait_s = in->retry_after_s;
	if (verdict_of_silence(v, in, req->repeat_ok))
		return;
	snprintf(v->log, sizeof(v->log), "\"status\":%ld", in->status);
	if (in->status >= 200 && in->status < 300)
		verdict_set(v, OUTCOME_OK, "accepted");
	else if (in->status == 410)
		/* "The sender should disable the endpoint." */
		verdict_set(v, OUTCOME_PERM, "webhook_%ld", in->status);
	else if (in->status == 429 || in->status == 503)
		verdict_set(v, OUTCOME_SLOW, "webhook_%ld", in->status);
	else
		/* Anything else may be mended by its owner until it is past
		 * its time. */
		verdict_set(v, OUTCOME_RETRY, "webhook_%ld", in->status);
}

const struct provider provider_webhook = {
	.name = "webhook",
	.channel = "webhook",
	.concurrency = CONCURRENCY,
	.per_s = 0,
	.configured = configured,
	.build = build,
	.judge = judge,
};
