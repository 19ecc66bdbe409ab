/*
 * item.c - items and notes, each one block of memory.
 */
#include "deliver/item.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "net/net.h"

static _Atomic unsigned lone;

static void *
block(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		fatal("deliver: out of memory");
	return p;
}

/* Copy into the block's tail; NULL stays NULL. */
static const char *
tail_str(char **at, const char *s)
{
	char *to = *at;
	size_t n;

	if (s == NULL)
		return NULL;
	n = strlen(s) + 1;
	memcpy(to, s, n);
	*at += n;
	return to;
}

static size_t
len_of(const char *s)
{
	return s == NULL ? 0 : strlen(s) + 1;
}

struct note *
note_new(const struct notification *n)
{
	struct err e = ERR_INIT;
	struct json *content = NULL;
	const char *locale = "";
	struct note *note;
	char *at;

	if (n->content != NULL && json_parse(n->content, strlen(n->content),
	    JSON_PLAIN, 0, &content, &e) < 0)
		log_err(LOG_WARN_, "notification content", &e);
	if (content != NULL && json_str(json_get(content, "locale")) != NULL)
		locale = json_str(json_get(content, "locale"));
	note = block(sizeof(*note) + len_of(n->type) + len_of(n->channel) +
	    len_of(n->title) + len_of(locale));
	at = (char *)(note + 1);
	note->refs = 1;
	note->id = n->id;
	note->total = n->planned_us != 0 ? n->total : 0;
	note->class = n->class;
	note->created_us = n->created_us;
	note->expires_us = n->expires_us;
	note->content = content;
	note->type = tail_str(&at, n->type);
	note->channel = tail_str(&at, n->channel);
	note->title = tail_str(&at, n->title);
	note->locale = tail_str(&at, locale);
	return note;
}

void
note_unref(struct note *n)
{
	if (n == NULL || --n->refs > 0)
		return;
	json_free(n->content);
	free(n);
}

struct item *
item_new(const struct item_new *n)
{
	char host[256] = "";
	struct item *it;
	int port;
	char *at;

	/* Endpoints of browsers and webhooks: their host is what may be
	 * paused. */
	if ((n->p256dh != NULL || strcmp(n->provider, "webhook") == 0) &&
	    egress_host(n->to, host, sizeof(host), &port) < 0)
		host[0] = '\0';
	it = block(sizeof(*it) + len_of(n->provider) + len_of(n->to) +
	    len_of(host) + len_of(n->locale) + len_of(n->job->waiter) +
	    n->secret_len);
	at = (char *)(it + 1);
	it->ref = (struct job_ref){ .id = n->job->id,
	    .owner = n->job->owner, .attempt = n->job->attempt };
	it->note = n->note;
	it->note->refs++;
	it->user_id = n->user_id;
	it->device_id = n->device_id;
	it->seq = n->seq;
	it->class = n->job->class < JOB_CLASSES ? n->job->class :
	    JOB_CLASSES - 1;
	it->tries = n->job->tries;
	it->expires_us = n->job->expires_us;
	it->leased_us = clock_mono();
	it->provider = tail_str(&at, n->provider);
	it->to = tail_str(&at, n->to);
	it->host = tail_str(&at, host);
	it->locale = tail_str(&at, n->locale);
	it->waiter = tail_str(&at, n->job->waiter);
	it->bound = n->job->bound;
	if ((it->lone = job_last_chance(n->job)))
		lone++;
	(void)text_copy(it->tried, sizeof(it->tried), n->job->tried == NULL ?
	    "" : n->job->tried);
	it->dead = n->dead;
	if (it->dead == NULL && it->note->content == NULL)
		it->dead = "bad_content";
	if (n->p256dh != NULL && n->auth != NULL) {
		it->keys = true;
		memcpy(it->p256dh, n->p256dh, sizeof(it->p256dh));
		memcpy(it->auth, n->auth, sizeof(it->auth));
	}
	if (n->secret != NULL) {
		memcpy(at, n->secret, n->secret_len);
		it->secret = (uint8_t *)at;
		it->secret_len = n->secret_len;
	}
	return it;
}

void
item_leaves(struct item *it)
{
	if (it->lone)
		lone--;
	it->lone = false;
}

bool
item_is_lone(void)
{
	return lone > 0;
}

void
item_free(struct item *it)
{
	if (it == NULL)
		return;
	item_leaves(it);
	json_free(it->secret_json);
	arena_free(it->arena);
	account_unref(it->account);
	note_unref(it->note);
	secret_wipe(it->auth, sizeof(it->auth));
	free(it);
}

void
item_list_init(struct item_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
	l->n = 0;
}

void
item_list_add(struct item_list *l, struct item *it)
{
	it->next = NULL;
	*l->tail = it;
	l->tail = &it->next;
	l->n++;
}

struct item *
item_list_take(struct item_list *l)
{
	struct item *it = l->head;

	if (it == NULL)
		return NULL;
	l->head = it->next;
	if (l->head == NULL)
		l->tail = &l->head;
	l->n--;
	it->next = NULL;
	return it;
}
