/*
 * test_store_receipt.c - receipts in the database: claimed by one, written
 * once, and what comes late changes nothing.
 */
#include "dbcase.h"
#include "store/bounce.h"
#include "store/receipt.h"

#define N	40

/* One notification, N deliveries of it that are sent, their receipts due. */
static int
begin(void **state UNUSED)
{
	struct receipt_new r[N];

	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM receipt; DELETE FROM delivery;"
	    " DELETE FROM job; DELETE FROM notification; DELETE FROM device;"
	    "INSERT INTO notification (id, class, channel, content, audience,"
	    " created_at, expires_at) VALUES (1, 1, 'expo', '{}', '{}',"
	    " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR);"
	    "INSERT INTO device (id, kind, target_hash, target, seen_at)"
	    " SELECT seq, 'expo', UNHEX(SHA2(seq, 256)), seq,"
	    " UTC_TIMESTAMP(6) - INTERVAL 1 HOUR FROM seq_1_to_40;"
	    "INSERT INTO delivery (notification_id, seq, channel, target_hash,"
	    " target, device_id, provider, state, attempts, provider_id,"
	    " created_at, sent_at, updated_at) SELECT 1, seq, 'expo',"
	    " UNHEX(MD5(seq)), '', seq, 'expo', 'sent', 1,"
	    " CONCAT('t', seq), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6),"
	    " UTC_TIMESTAMP(6) FROM seq_1_to_40");
	for (unsigned i = 0; i < N; i++)
		r[i] = (struct receipt_new){ .notification_id = 1,
		    .seq = i + 1, .provider = "expo", .life_s = 86400,
		    .ticket = arena_printf(a, "t%u", i + 1) };
	ok(receipt_add(worker, r, N, e));
	return 0;
}

static int
claim(uint32_t max, struct receipt **r, uint64_t *key)
{
	int n = -1;

	ok(n = receipt_claim(worker, a, "expo", max, 60, r, key, e));
	return n;
}

static struct receipt_word
word(const struct receipt *r, enum receipt_what what)
{
	struct receipt_word w = { .r = r, .what = what, .wait_s = 30 };

	snprintf(w.reason, sizeof(w.reason), "why");
	snprintf(w.log, sizeof(w.log), "{\"a\":1}");
	return w;
}

static void
say(uint64_t key, const struct receipt *r, enum receipt_what what, bool dead)
{
	struct receipt_word w = word(r, what);

	w.device_dead = dead;
	ok(receipt_write(worker, key, &w, 1, e));
}

static int
claimer(int i UNUSED)
{
	struct db *own = db_new(DB_WORKER);
	struct arena *mine = arena_new((size_t)4 << 20);
	struct err e = ERR_INIT;
	struct receipt *r;
	uint64_t key;
	int sum = 0, n;

	while ((n = receipt_claim(own, mine, "expo", 3, 60, &r, &key,
	    &e)) > 0)
		sum += n;
	arena_free(mine);
	db_free(own);
	return n < 0 ? 100 : sum;
}

static void
each_is_claimed_by_one_of_many(void **state UNUSED)
{
	assert_int_equal(together(claimer, 4), N);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt WHERE"
	    " claim <> 0 AND ask_at > UTC_TIMESTAMP(6)"), N);
}

static void
a_claim_that_ran_out_is_another_s(void **state UNUSED)
{
	struct receipt *r, *other;
	uint64_t key, key2;

	assert_int_equal(claim(N, &r, &key), N);
	assert_int_equal(claim(N, &other, &key2), 0);
	dbtest_sql(ctl, "UPDATE receipt SET ask_at = UTC_TIMESTAMP(6)");
	assert_int_equal(claim(N, &other, &key2), N);
	/* Put off by who has lost it: nothing. */
	assert_int_equal(receipt_postpone(worker, key, 60,
	    &(struct err)ERR_INIT), 0);
	assert_int_equal(receipt_postpone(worker, key2, 60,
	    &(struct err)ERR_INIT), N);
}

static void
each_word_does_its_own(void **state UNUSED)
{
	struct receipt *r;
	uint64_t key;

	assert_int_equal(claim(4, &r, &key), 4);
	say(key, &r[0], RECEIPT_DELIVERED, false);
	say(key, &r[1], RECEIPT_FAILED, true);
	say(key, &r[2], RECEIPT_AGAIN, false);
	say(key, &r[3], RECEIPT_NOTHING, false);
	assert_string_equal(dbtest_ask(ctl, "SELECT GROUP_CONCAT(CONCAT(seq,"
	    " state, reason) ORDER BY seq) FROM delivery WHERE state <> 'sent'"),
	    dbtest_ask(ctl, arena_printf(a, "SELECT CONCAT('%u','delivered,',"
	    "'%u','failedwhy,','%u','queuedwhy')", r[0].seq, r[1].seq,
	    r[2].seq)));
	assert_string_equal(dbtest_ask(ctl, "SELECT CONCAT(COUNT(*), ' ',"
	    " SUM(attempt_log = '{\"a\":1}\\n')) FROM delivery WHERE"
	    " attempt_log <> ''"), "3 3");
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM device WHERE"
	    " NOT is_active AND dead_reason = 'why'"), 1);
	assert_string_equal(dbtest_ask(ctl, "SELECT CONCAT(COUNT(*), ' ',"
	    " SUM(tries = 1 AND state = 0 AND provider = 'expo' AND class = 1"
	    " AND run_at > UTC_TIMESTAMP(6) + INTERVAL 20 SECOND)) FROM job"),
	    "1 1");
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt"),
	    N - 2);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt WHERE"
	    " asked = 1 AND claim = 0"), 1);
}

static void
r10_a_late_word_is_of_a_ticket_that_is_gone(void **state UNUSED)
{
	struct receipt_new n = { .notification_id = 1, .provider = "expo",
	    .ticket = "new", .life_s = 86400 };
	struct receipt *r;
	uint64_t key;

	assert_int_equal(claim(1, &r, &key), 1);
	/* Meanwhile another had its word, and it was sent again. */
	say(key, &r[0], RECEIPT_AGAIN, false);
	n.seq = r[0].seq;
	dbtest_sql(ctl, arena_printf(a, "UPDATE delivery SET state = 'sent',"
	    " provider_id = 'new' WHERE seq = %u", n.seq));
	ok(receipt_add(worker, &n, 1, e));
	say(key, &r[0], RECEIPT_FAILED, true);
	say(key, &r[0], RECEIPT_AGAIN, false);
	say(key, &r[0], RECEIPT_DELIVERED, false);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery WHERE"
	    " state = 'sent'"), N);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM job"), 1);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt WHERE"
	    " ticket = 'new' AND resent = 1 AND asked = 0"), 1);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM device WHERE"
	    " NOT is_active"), 0);
}

static void
past_its_life_another_try_is_none(void **state UNUSED)
{
	struct receipt *r;
	uint64_t key;

	dbtest_sql(ctl, "UPDATE notification SET expires_at ="
	    " UTC_TIMESTAMP(6) + INTERVAL 10 SECOND");
	assert_int_equal(claim(1, &r, &key), 1);
	say(key, &r[0], RECEIPT_AGAIN, false);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery WHERE"
	    " state = 'failed' AND reason = 'why'"), 1);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM job"), 0);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt"),
	    N - 1);
}

/* R14: each call to the server fails once in turn; then all is written, once,
 * or nothing is. */
static void
r14_all_is_written_or_nothing(void **state UNUSED)
{
	struct receipt_word w[4];
	struct receipt *r;
	uint64_t key;
	int failed = 0, rc = -1;

	assert_int_equal(claim(4, &r, &key), 4);
	w[0] = word(&r[0], RECEIPT_DELIVERED);
	w[1] = word(&r[1], RECEIPT_FAILED);
	w[1].device_dead = true;
	w[2] = word(&r[2], RECEIPT_AGAIN);
	w[3] = word(&r[3], RECEIPT_NOTHING);
	for (unsigned at = 1; rc < 0 && at < 100; at++) {
		struct err e = ERR_INIT;

		db_test_fail_at(worker, at);
		rc = receipt_write(worker, key, w, 4, &e);
		db_test_fail_at(worker, 0);
		if (rc == 0)
			break;
		failed++;
		assert_string_equal(dbtest_ask(ctl, "SELECT CONCAT("
		    "(SELECT COUNT(*) FROM delivery WHERE state <> 'sent'),"
		    "(SELECT COUNT(*) FROM job), (SELECT COUNT(*) FROM device"
		    " WHERE NOT is_active))"), "000");
	}
	assert_true(failed > 5);
	assert_int_equal(rc, 0);
	/* The commit whose answer was lost: the redo changes nothing. */
	ok(receipt_write(worker, key, w, 3, e));
	assert_string_equal(dbtest_ask(ctl, "SELECT CONCAT("
	    "(SELECT COUNT(*) FROM delivery WHERE state <> 'sent'), ' ',"
	    "(SELECT COUNT(*) FROM job), ' ', (SELECT COUNT(*) FROM device"
	    " WHERE NOT is_active), ' ', (SELECT COUNT(*) FROM receipt))"),
	    "3 1 1 38");
	assert_int_equal(dbtest_num(ctl, "SELECT SUM(CHAR_LENGTH(attempt_log))"
	    " FROM delivery"), 3 * 8);
}

static void
what_is_forgotten_is_closed_and_said_so(void **state UNUSED)
{
	dbtest_sql(ctl, "UPDATE receipt SET ends_at = UTC_TIMESTAMP(6)"
	    " WHERE seq <= 10; UPDATE delivery SET state = 'read' WHERE"
	    " seq = 1; UPDATE receipt SET ticket = '' WHERE seq = 2;"
	    " UPDATE delivery SET state = 'queued' WHERE seq = 2");
	assert_int_equal(receipt_close(worker, 6, &(struct err)ERR_INIT), 6);
	assert_int_equal(receipt_close(worker, 6, &(struct err)ERR_INIT), 4);
	assert_int_equal(receipt_close(worker, 6, &(struct err)ERR_INIT), 0);
	assert_string_equal(dbtest_ask(ctl, "SELECT GROUP_CONCAT(DISTINCT"
	    " CONCAT(state, reason, seq <= 10) ORDER BY seq) FROM delivery"),
	    "read1,queued1,sentno_receipt1,sent0");
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM receipt"),
	    N - 10);
}

/* 1: whole lines of before, and the word of now behind them. */
#define KEPT(word)							\
	"SELECT attempt_log LIKE '{\"old\":1}\\n%' AND attempt_log LIKE"	\
	" '%" word "%' AND CHAR_LENGTH(attempt_log) < 16000 FROM delivery"	\
	" WHERE notification_id = 1 AND seq = "

static void
a_long_log_keeps_its_newest_lines(void **state UNUSED)
{
	struct bounce b = { .notification_id = 1, .seq = 2,
	    .state = "failed", .reason = "bounced" };
	struct receipt *r;
	uint64_t key;

	dbtest_sql(ctl, "UPDATE delivery SET attempt_log ="
	    " REPEAT('{\"old\":1}\\n', 2000);"
	    " UPDATE delivery SET channel = 'email' WHERE seq = 2");
	assert_int_equal(claim(1, &r, &key), 1);
	say(key, r, RECEIPT_DELIVERED, false);
	assert_int_equal(r->seq, 1);
	assert_int_equal(dbtest_num(ctl, KEPT("{\"a\":1}") "1"), 1);
	ok(bounce_take(db, &b, e));
	assert_int_equal(dbtest_num(ctl, KEPT("bounced") "2"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_is_claimed_by_one_of_many, begin),
		cmocka_unit_test_setup(a_claim_that_ran_out_is_another_s,
		    begin),
		cmocka_unit_test_setup(each_word_does_its_own, begin),
		cmocka_unit_test_setup(
		    r10_a_late_word_is_of_a_ticket_that_is_gone, begin),
		cmocka_unit_test_setup(past_its_life_another_try_is_none,
		    begin),
		cmocka_unit_test_setup(r14_all_is_written_or_nothing, begin),
		cmocka_unit_test_setup(
		    what_is_forgotten_is_closed_and_said_so, begin),
		cmocka_unit_test_setup(a_long_log_keeps_its_newest_lines,
		    begin),
	};

	dbtest_begin("test_store_receipt");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
