/*
 * test_live_hub.c - live/: connections, queues and frames of the gateway: no socket, no database.
 */
#include "base/clock.h"
#include "live/hub.h"
#include "live/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static unsigned woken;

static void
wake(struct conn *c)
{
	(void)c;
	woken++;
}

static int
begin(void **state)
{
	(void)state;
	woken = 0;
	hub_init(wake);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	clock_test_set(0);
	hub_fini();
	return 0;
}

static struct conn *
live(uint64_t user_id)
{
	static int wire;
	struct conn *c = hub_open(user_id, NULL);

	c->wire = &wire;
	c->state = CONN_LIVE;
	c->exp_s = INT64_MAX;
	c->user->known = true;
	return c;
}

static struct frame *
frame(uint64_t id, const char *content, const char *locale)
{
	const struct live_row r = { .user_id = 1, .seq = 1,
	    .notification_id = id, .type = "order", .title = "T",
	    .content = content, .locale = locale,
	    .created_us = INT64_C(1763717400000000) };
	struct err e = ERR_INIT;
	struct frame *f = frame_make(&r, &e);

	assert_non_null(f);
	return f;
}

static const char *
next(struct conn *c, int want)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text));
	assert_int_equal(conn_next(c, &b), want);
	snprintf(text, sizeof(text), "%s", buf_text(&b));
	buf_fini(&b);
	return text;
}

static void
frames_say_what_the_inbox_shows_in_the_readers_language(void **state)
{
	static const char content[] = "{\"body\":\"B\",\"data\":{\"k\":\"\\n\"},"
	    "\"parts\":{\"default\":\"en\",\"fa\":{\"body\":\"ب\","
	    "\"in_app\":{\"title\":\"ت\"}},\"en\":{\"body\":\"E\"}}}";
	struct conn *c = live(7);
	struct frame *en = frame(5, content, NULL),
	    *fa = frame(5, content, "fa-IR");

	(void)state;
	conn_note(c, ITEM_NOTE, en, 1);
	conn_note(c, ITEM_MISSED, fa, 2);
	assert_string_equal(next(c, 1), "{\"type\":\"notification\","
	    "\"id\":\"5\",\"seq\":1,\"data\":{\"type\":\"order\","
	    "\"title\":\"T\",\"body\":\"E\",\"url\":null,"
	    "\"data\":{\"k\":\"\\n\"},"
	    "\"created_at\":\"2025-11-21T09:30:00Z\"}}");
	c->sse = 1;
	assert_string_equal(next(c, 1), "event: notification_missed\n"
	    "id: 2\ndata: {\"type\":\"notification_missed\","
	    "\"job_id\":\"5\",\"id\":\"5\",\"seq\":2,\"data\":{"
	    "\"type\":\"order\",\"title\":\"ت\",\"body\":\"ب\","
	    "\"url\":null,\"data\":{\"k\":\"\\n\"},"
	    "\"created_at\":\"2025-11-21T09:30:00Z\"}}\n\n");
	next(c, 0);
	frame_drop(en);
	frame_drop(fa);
}

static void
a_broadcast_is_built_once_a_language(void **state)
{
	struct frame_cache cache = { .built = 0 };
	struct live_row r = { .notification_id = 9, .type = "x",
	    .title = "t", .content = "{}", .created_us = 1 };
	static const char *const locale[] = { NULL, "fa", "en" };
	struct err e = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct frame *f;

		r.locale = locale[i / 100];
		f = frame_of(&cache, &r, &e);
		assert_non_null(f);
		frame_drop(f);
	}
	assert_int_equal(cache.built, 3);
	frame_cache_clear(&cache);
}

static void
seqs_rise_and_none_comes_twice(void **state)
{
	struct conn *c = live(7);
	struct frame *f = frame(5, "{}", NULL);

	(void)state;
	c->last = 3;
	conn_note(c, ITEM_NOTE, f, 3);
	conn_note(c, ITEM_NOTE, f, 5);
	conn_note(c, ITEM_NOTE, f, 4);
	conn_note(c, ITEM_NOTE, f, 5);
	assert_int_equal(c->q_len, 1);
	frame_drop(f);
}

static void
a_slow_reader_is_let_go_with_a_reason(void **state)
{
	struct conn *c = live(7);
	struct frame *f = frame(5, "{}", NULL);

	(void)state;
	for (uint64_t s = 1; s <= 500; s++)
		conn_note(c, ITEM_MISSED, f, s);	/* bounded by itself */
	for (uint64_t s = 501; s <= 500 + QUEUE_FRAMES; s++)
		conn_note(c, ITEM_NOTE, f, s);
	assert_int_equal(c->state, CONN_LIVE);
	conn_note(c, ITEM_NOTE, f, 1000);
	assert_int_equal(c->state, CONN_ENDING);
	assert_int_equal(c->q_len, 1);
	assert_non_null(strstr(next(c, -1), "\"reason\":\"slow\""));
	assert_int_equal(bye_code((enum bye)c->bye), 4408);
	assert_null(c->q);
	frame_drop(f);
}

static void
large_frames_are_bounded_by_bytes(void **state)
{
	struct conn *c = live(7);
	char *content = malloc(70000);
	struct frame *f;

	(void)state;
	snprintf(content, 70000, "{\"body\":\"%065000d\"}", 0);
	f = frame(5, content, NULL);
	for (uint64_t s = 1; s <= 5; s++)
		conn_note(c, ITEM_NOTE, f, s);
	assert_int_equal(c->state, CONN_ENDING);
	free(content);
	frame_drop(f);
}

static void
counts_are_told_ten_times_a_second_and_the_last_of_them(void **state)
{
	struct conn *c = live(7);
	int64_t t = 10 * US_PER_S;

	(void)state;
	for (unsigned i = 1; i <= 50; i++) {
		c->user->unread = i;
		user_counts(c->user, t + i);
	}
	assert_non_null(strstr(next(c, 1), "\"unread\":50"));
	next(c, 0);
	assert_true(c->user->counts_due);
	user_counts(c->user, t + US_PER_S);
	assert_non_null(strstr(next(c, 1), "\"unread\":50"));
	assert_false(c->user->counts_due);
}

static void
ready_is_the_first_word_whatever_was_asked_before_it(void **state)
{
	struct conn *c = live(1);

	(void)state;
	c->state = CONN_WAITING;
	for (int i = 0; i < 5; i++)
		conn_say(c, ITEM_PONG, 0);
	next(c, 0);
	assert_false(conn_more(c));
	conn_ready(c, 7);
	assert_non_null(strstr(next(c, 1), "\"ready\",\"seq\":7"));
	for (int i = 0; i < 5; i++)
		assert_non_null(strstr(next(c, 1), "pong"));
	next(c, 0);
	conn_say(c, ITEM_PONG, 0);
	conn_leave(c);
	next(c, 0);
	conn_say(c, ITEM_PONG, 0);
	next(c, 0);
}

static void
people_and_addresses_are_counted(void **state)
{
	static const uint8_t key[16] = { 1 }, other[16] = { 2 };
	struct conn *c[3000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(c); i++) {
		c[i] = hub_open(i % 1500 + 1, i % 3 ? key : other);
		c[i]->wire = c;
	}
	assert_int_equal(hub_size(), 3000);
	assert_int_equal(hub_users(), 1500);
	assert_int_equal(hub_of_user(77), 2);
	assert_int_equal(hub_of_addr(key), 2000);
	hub_pin(c[0]);
	for (size_t i = 0; i < COUNT_OF(c); i++)
		hub_close(c[i]);
	assert_int_equal(hub_size() + hub_users(), 0);
	assert_int_equal(hub_of_addr(key) + hub_of_addr(other), 0);
	hub_unpin(c[0]);
}

static void
a_round_meets_everybody_once(void **state)
{
	uint64_t id[64], sum = 0;
	size_t cursor = 0, n, all = 0;

	(void)state;
	for (uint64_t i = 1; i <= 2000; i++)
		live(i);
	do {
		n = hub_some_users(&cursor, id, COUNT_OF(id));
		for (size_t i = 0; i < n; i++)
			sum += id[i];
		all += n;
	} while (cursor != 0);
	assert_int_equal(all, 2000);
	assert_int_equal(sum, 2000 * 2001 / 2);
}

static void
an_ending_token_is_told_a_minute_before_and_then_ends(void **state)
{
	struct conn *c = live(7);
	int64_t now = INT64_C(1800000000);

	(void)state;
	c->exp_s = now + 100;
	for (int64_t s = 0; s < 4; s++)
		sweep_tick(NULL, now * US_PER_S, wake, NULL);
	next(c, 0);
	for (int64_t s = 0; s < 4; s++)
		sweep_tick(NULL, (now + 41) * US_PER_S, wake, NULL);
	assert_string_equal(next(c, 1), "{\"type\":\"renew\"}");
	for (int64_t s = 0; s < 4; s++)
		sweep_tick(NULL, (now + 42) * US_PER_S, wake, NULL);
	next(c, 0);			/* once */
	for (int64_t s = 0; s < 4; s++)
		sweep_tick(NULL, (now + 100) * US_PER_S, wake, NULL);
	assert_non_null(strstr(next(c, -1), "\"reason\":\"expired\""));
	assert_int_equal(bye_code((enum bye)c->bye), 4401);
}

static void
a_drain_is_spread_over_its_time(void **state)
{
	size_t ended = 0;

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		live(i);
	assert_false(sweep_drain(0, 0, 5));
	for (struct conn *c = hub_first(); c != NULL; c = c->next)
		ended += c->state == CONN_ENDING;
	assert_in_range(ended, 10, 50);
	for (int64_t t = 1; t <= 50; t++)
		sweep_drain(t * US_PER_S / 10, 0, 5);
	for (struct conn *c = hub_first(); c != NULL; c = c->next)
		assert_int_equal(c->state, CONN_ENDING);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_say_what_the_inbox_shows_in_the_readers_language),
		T(a_broadcast_is_built_once_a_language),
		T(seqs_rise_and_none_comes_twice),
		T(a_slow_reader_is_let_go_with_a_reason),
		T(large_frames_are_bounded_by_bytes),
		T(counts_are_told_ten_times_a_second_and_the_last_of_them),
		T(ready_is_the_first_word_whatever_was_asked_before_it),
		T(people_and_addresses_are_counted),
		T(a_round_meets_everybody_once),
		T(an_ending_token_is_told_a_minute_before_and_then_ends),
		T(a_drain_is_spread_over_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
