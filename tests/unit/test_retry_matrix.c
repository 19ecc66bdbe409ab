/*
 * The retry matrix: provider × answer → outcome and next step, as data
 * (tests/fixtures/matrix.json beside the recorded answers), through the real
 * judge, the lane, the routing decision and the record.
 */
#include "channel_case.h"

#include "deliver/lane.h"
#include "deliver/pick.h"
#include "deliver/send.h"

static struct json *matrix;
static bool other_ready;

static const char *
find_other(const struct item *it)
{
	assert_true(pick_was_tried(it->tried, it->lane->name));
	return other_ready ? "other" : NULL;
}

static struct json *
fixture(const char *name)
{
	const char *top = getenv("top_srcdir");
	const char *path = arena_printf(cc.a, "%s/tests/fixtures/%s",
	    top != NULL ? top : ".", name);
	struct err e = ERR_INIT;
	char *text;
	size_t n;

	if (file_read(cc.a, path, (size_t)1 << 20, &text, &n, &e) < 0)
		fail_msg("%s: %s", path, e.detail);
	return cc_json(text);
}

static const char *
to_of(const struct provider *p)
{
	if (strcmp(p->channel, "email") == 0)
		return "someone@example.com";
	if (strcmp(p->channel, "web_push") == 0)
		return "https://fcm.googleapis.com/fcm/send/abc";
	if (strcmp(p->channel, "expo") == 0)
		return "ExponentPushToken[yyyyyyyyyyyyyyyyyyyyyy]";
	return "+989121112233";
}

struct step {
	struct lane	 lane;
	struct record	 r;
	struct item	*it;
	struct verdict	 v;
	const char	*to;
};

/* One answer to one item, as settle() of the worker does it. */
static void
go(struct step *s, const struct provider *p, const struct json *c,
    bool bound)
{
	const char *type = cc_str(c, "type"), *topic = cc_str(c, "topic");
	int64_t now = NOW_US, age = cc_int(c, "age_h", 0) * 3600 * US_PER_S;
	struct notification n = { .id = 77, .type = type == NULL ? "push" :
	    type, .channel = p->channel, .title = "t", .class = 1,
	    .created_us = now - age, .expires_us = now + 48 * 3600 *
	    US_PER_S, .content = topic == NULL ?
	    "{\"template\":\"password_changed\",\"title\":\"t\"}" :
	    arena_printf(cc.a, "{\"title\":\"t\",\"topic\":\"%s\"}",
	    topic) };
	struct job j = { .id = 5, .owner = 6, .attempt = 1, .class = 1,
	    .notification_id = 77, .seq = 1, .device_id = 9,
	    .tries = (unsigned)cc_int(c, "try", 0), .bound = bound,
	    .expires_us = n.expires_us, .tried = "" };
	struct in_answer in = cc_answer(c, p->channel);
	struct note *note = note_new(&n);
	bool push = strcmp(p->channel, "web_push") == 0;
	uint32_t open_s = 0;

	memset(s, 0, sizeof(*s));
	lane_init(&s->lane, p->name, p, 8);
	s->lane.usable = true;
	s->it = item_new(&(struct item_new){ .job = &j, .note = note,
	    .provider = p->name, .to = to_of(p), .locale = "en", .seq = 1,
	    .device_id = push ? 9 : 0, .p256dh = push ? cc.p256dh : NULL,
	    .auth = push ? cc.auth : NULL });
	note_unref(note);
	s->it->lane = &s->lane;
	/* A code's secret is sealed; here it is put in the message. */
	if (strcmp(n.type, "code") == 0) {
		struct json *secret = cc_json("{\"code\":\"123456\"}");
		struct message m = cc_message("code", to_of(p),
		    note->content, secret);
		struct err e = ERR_INIT;

		m.try = j.tries;
		s->it->account = account_ref(s->lane.account);
		s->it->arena = arena_new(1u << 20);
		if (p->build(&m, s->it->arena, &s->it->req, &e) < 0)
			fail_msg("build: %s", e.detail);
		s->it->req.repeat_ok = false;
		s->it->msg = m;
		send_judge(s->it, &in, &s->v);
		json_free(secret);
	} else {
		if (send_build(s->it, now, &s->r) < 0)
			fail_msg("build: %s", s->r.reason);
		send_judge(s->it, &in, &s->v);
	}
	s->it->tries++;
	s->it->left_us = clock_mono();
	(void)lane_result(&s->lane, s->it, &s->v, &in, clock_mono(), &open_s);
	/* Whoever answers is there, though the transfer ended by it. */
	if (in.complete)
		assert_int_equal(s->lane.fails, 0);
	/* What is one message's fault stops no other. */
	if (s->v.single)
		assert_int_equal(s->lane.gate, GATE_CLOSED_OK);
	s->to = send_elsewhere(s->it, &s->v, &in, find_other);
	send_record(s->it, &s->v, &in, now, lane_open_left(&s->lane,
	    clock_mono()), s->to, &s->r);
}

static void
over(struct step *s)
{
	item_free(s->it);
	lane_fini(&s->lane);
}

/* The word of `then` for what the record says. */
static const char *
then_of(const struct step *s)
{
	if (s->r.what == RECORD_FINAL)
		return s->r.state;
	return s->r.to[0] != '\0' ? "other" : "again";
}

static const struct json *
case_of(const struct json *doc, const char *name)
{
	const struct json *cases = json_get(doc, "cases");

	for (size_t i = 0; i < json_len(cases); i++)
		if (strcmp(cc_str(json_at(cases, i), "name"), name) == 0)
			return json_at(cases, i);
	fail_msg("no recorded answer \"%s\"", name);
	return NULL;
}

typedef void row_fn(const struct provider *p, const struct json *c,
    const struct json *row);

static size_t
each_row(row_fn *f)
{
	const struct json *rows = json_get(matrix, "rows");

	for (size_t i = 0; i < json_len(rows); i++) {
		const struct json *row = json_at(rows, i);
		const struct provider *p = provider_find(cc_str(row,
		    "provider"));
		struct json *doc;

		assert_non_null(p);
		doc = fixture(arena_printf(cc.a, "providers/%s.json",
		    p->name));
		print_message("%s: %s\n", p->name, cc_str(row, "case"));
		f(p, case_of(doc, cc_str(row, "case")), row);
		json_free(doc);
	}
	return json_len(rows);
}

static void
with_another(const struct provider *p, const struct json *c,
    const struct json *row)
{
	const char *then = cc_str(row, "then");
	struct step s;

	other_ready = true;
	go(&s, p, c, false);
	assert_string_equal(outcome_word(s.v.outcome), cc_str(row, "want"));
	assert_string_equal(then_of(&s), then);
	assert_int_equal(s.it->bound, cc_flag(row, "bound", false));
	/* No end without its word, and none of them "unknown". */
	if (strcmp(then, "sent") != 0) {
		assert_true(s.r.reason[0] != '\0');
		assert_null(strstr(s.r.reason, "unknown"));
	}
	if (strcmp(then, "other") == 0) {
		assert_string_equal(s.it->tried, p->name);
		assert_int_equal(s.it->ref.delay_us, 0);
	}
	/* Only what is gone for good takes the device along (R10). */
	assert_int_equal(s.r.device_dead, s.v.outcome == OUTCOME_DROP &&
	    strcmp(p->channel, "web_push") == 0);
	assert_true(s.r.log[0] == '{');
	over(&s);
}

static void
every_answer_has_its_next_step(void **state UNUSED)
{
	assert_true(each_row(with_another) >= 400);
}

/* Nobody else is there: what would go elsewhere waits here, never before the
 * provider's own time, and is never lost. */
static void
alone(const struct provider *p, const struct json *c, const struct json *row)
{
	struct step s;

	other_ready = false;
	go(&s, p, c, false);
	if (strcmp(cc_str(row, "then"), "other") == 0 &&
	    s.v.outcome != OUTCOME_PERM && !s.v.single) {
		assert_string_equal(then_of(&s), "again");
		assert_true(s.it->ref.delay_us >= s.v.wait_s * US_PER_S);
		assert_string_equal(s.it->tried, "");
	} else {
		assert_string_not_equal(then_of(&s), "other");
		if (s.v.single)
			assert_string_equal(then_of(&s), "failed");
	}
	over(&s);
}

static void
without_another_it_waits(void **state UNUSED)
{
	(void)each_row(alone);
}

static void
bound(const struct provider *p, const struct json *c, const struct json *row)
{
	struct step s;

	(void)row;
	other_ready = true;
	go(&s, p, c, true);
	assert_string_not_equal(then_of(&s), "other");
	over(&s);
}

/* An earlier attempt may have been taken: whatever the answer is now. */
static void
s51_what_is_bound_goes_nowhere_else(void **state UNUSED)
{
	(void)each_row(bound);
}

/* Who adds a recorded answer says what becomes of the message. */
static void
every_recorded_answer_has_a_row(void **state UNUSED)
{
	const struct json *rows = json_get(matrix, "rows");

	for (size_t k = 0; providers[k] != NULL; k++) {
		size_t have = 0;
		struct json *doc;

		for (size_t i = 0; i < json_len(rows); i++)
			have += strcmp(cc_str(json_at(rows, i), "provider"),
			    providers[k]->name) == 0;
		/* twilio_whatsapp answers as twilio, and a site's own webhook
		 * is test_webhooks'. */
		if (have == 0) {
			assert_true(strcmp(providers[k]->name, "webhook") ==
			    0 || strcmp(providers[k]->name,
			    "twilio_whatsapp") == 0);
			continue;
		}
		doc = fixture(arena_printf(cc.a, "providers/%s.json",
		    providers[k]->name));
		assert_int_equal(json_len(json_get(doc, "cases")), have);
		json_free(doc);
	}
}

/* A push service that is ill says of many that they are gone (PROVIDERS.md
 * 2.3): that is told, once in a hundred. */
static void
r10_many_that_are_gone_at_once_are_told(void **state UNUSED)
{
	struct lane l;

	lane_init(&l, "webpush", provider_find("webpush"), 8);
	for (int i = 0; i < 99; i++)
		assert_false(lane_many_gone(&l, i < 21));
	assert_true(lane_many_gone(&l, false));
	for (int i = 0; i < 100; i++)
		assert_false(lane_many_gone(&l, i < 20));
	lane_fini(&l);
}

/* --- the choice -------------------------------------------------------------- */

static struct plan_route
route(const char *name, uint32_t weight, bool flows)
{
	struct plan_route r = { .weight = weight, .flows = flows,
	    .room = { 8, 8, 8, 8, 8 } };

	snprintf(r.channel, sizeof(r.channel), "email");
	snprintf(r.provider, sizeof(r.provider), "%s", name);
	return r;
}

static void
turns_follow_the_weights(void **state UNUSED)
{
	struct plan_route r[] = { route("a", 5, true), route("b", 3, true),
	    route("c", 2, true), route("closed", 90, false),
	    route("last", 0, true) };
	unsigned n[5] = { 0 }, in_a_row = 0;
	const struct plan_route *was = NULL;

	for (int i = 0; i < 1000; i++) {
		struct plan_route *to = pick_route(r, 5, "email", "", 1);

		assert_non_null(to);
		n[to - r]++;
		in_a_row = to == was ? in_a_row + 1 : 1;
		was = to;
		assert_true(in_a_row <= 3);
	}
	assert_int_equal(n[0], 500);
	assert_int_equal(n[1], 300);
	assert_int_equal(n[2], 200);
}

static void
the_rest_are_for_the_worst(void **state UNUSED)
{
	struct plan_route r[] = { route("a", 1, true), route("last", 0, true),
	    route("closed", 1, false) };

	assert_ptr_equal(pick_route(r, 3, "email", "", 1), &r[0]);
	assert_ptr_equal(pick_route(r, 3, "email", "a", 1), &r[1]);
	r[0].flows = r[1].flows = false;
	assert_non_null(pick_route(r, 3, "email", "", 1));	/* waits there */
	assert_null(pick_route(r, 3, "email", "a,last,closed", 1));
	assert_null(pick_route(r, 3, "sms", "", 1));
	/* A trial is one message, not all of them. */
	r[0].flows = r[1].flows = true;
	r[0].trial = true;
	assert_ptr_equal(pick_route(r, 3, "email", "", 1), &r[0]);
	r[0].room[1] = 0;
	assert_ptr_equal(pick_route(r, 3, "email", "", 1), &r[1]);
}

static void
the_list_of_those_tried_stays_a_list(void **state UNUSED)
{
	char tried[JOB_TRIED_MAX + 1] = "", name[32];

	pick_add_tried(tried, "smtp");
	pick_add_tried(tried, "smtp");
	pick_add_tried(tried, "smtp2");
	assert_string_equal(tried, "smtp,smtp2");
	assert_true(pick_was_tried(tried, "smtp"));
	assert_false(pick_was_tried(tried, "smt"));
	assert_false(pick_was_tried(tried, "smtp3"));
	assert_false(pick_was_tried("", "smtp"));
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "account-number-%d", i);
		pick_add_tried(tried, name);
		assert_true(strlen(tried) <= JOB_TRIED_MAX);
		assert_true(pick_was_tried(tried, name));
	}
	assert_false(pick_was_tried(tried, "smtp"));
}

static int
setup(void **state)
{
	int rc = cc_setup(state);

	if (rc == 0) {
		cc_set("WHATSAPP_API_URL", "https://graph.facebook.com");
		cc_set("WHATSAPP_PHONE_NUMBER_ID", "106540352242922");
		cc_set("WHATSAPP_ACCESS_TOKEN", "EAAsecret");
		cc_set("GATEPOST_WHATSAPP_CODE_TEMPLATE", "otp_copy");
		cc_set("GATEPOST_WHATSAPP_CODE_LANGUAGES", "en_US, fa");
	}
	matrix = fixture("matrix.json");
	return rc;
}

static int
teardown(void **state)
{
	json_free(matrix);
	return cc_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_its_next_step),
		cmocka_unit_test(without_another_it_waits),
		cmocka_unit_test(s51_what_is_bound_goes_nowhere_else),
		cmocka_unit_test(r10_many_that_are_gone_at_once_are_told),
		cmocka_unit_test(every_recorded_answer_has_a_row),
		cmocka_unit_test(turns_follow_the_weights),
		cmocka_unit_test(the_rest_are_for_the_worst),
		cmocka_unit_test(the_list_of_those_tried_stays_a_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
