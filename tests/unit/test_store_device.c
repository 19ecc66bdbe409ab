/*
 * test_store_device.c - registering and offering devices beside a real
 * database, ids that meet by chance included.
 */
#include "dbtest.h"

#include "base/crypto.h"
#include "store/device.h"
#include "store/group.h"

static struct db *db, *root;

static int
begin(void **state)
{
	(void)state;
	db = db_new(DB_API);
	root = db_new(DB_CTL);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	dbtest_sql(root, "DELETE FROM device; DELETE FROM push_group;"
	    " DELETE FROM push_group_device; DELETE FROM push_group_user;");
	db_free(db);
	db_free(root);
	return 0;
}

/* A device whose keys are made of one byte. */
struct made { struct device_new n; char target[64];
	uint8_t hash[32], p256dh[65], auth[16], tag[8]; };

static struct device_new *
make(struct made *m, uint64_t id, uint64_t user_id, const char *name, int key)
{
	snprintf(m->target, sizeof(m->target),
	    "https://fcm.googleapis.com/%s", name);
	sha256(m->hash, m->target, strlen(m->target));
	memset(m->p256dh, key, sizeof(m->p256dh));
	memset(m->auth, key, sizeof(m->auth));
	memset(m->tag, 7, sizeof(m->tag));
	m->n = (struct device_new){ .id = id, .user_id = user_id,
	    .kind = "web_push", .target_hash = m->hash, .target = m->target,
	    .p256dh = m->p256dh, .auth = m->auth, .vapid = m->tag,
	    .browser = "", .user_agent = "" };
	return &m->n;
}

/* Every row as "id:name:user:first byte of its key:active". */
static const char *
rows(void)
{
	return dbtest_ask(root, "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(':',"
	    " id, SUBSTRING(target, 28), COALESCE(user_id, 0),"
	    " HEX(LEFT(p256dh, 1)), is_active) ORDER BY id SEPARATOR ' '), '')"
	    " FROM device");
}

static void
a_target_has_one_row_and_its_last_owner(void **state)
{
	struct made m;
	uint64_t id;

	(void)state;
	ok(device_register(db, make(&m, 1, 5, "a", 1), &id, e));
	assert_int_equal(id, 1);
	ok(device_register(db, make(&m, 2, 6, "a", 2), &id, e));
	assert_int_equal(id, 1);
	assert_string_equal(rows(), "1:a:6:02:1");
	/* Nobody's registration leaves the owner, and the owner's keys. */
	ok(device_register(db, make(&m, 3, 0, "a", 3), &id, e));
	assert_string_equal(rows(), "1:a:6:02:1");
}

static void
a_key_met_by_chance_touches_nobody_else(void **state)
{
	struct made m[3];
	struct device_new n[3];
	uint64_t id;

	(void)state;
	ok(device_register(db, make(&m[0], 1, 5, "a", 1), &id, e));
	ok(device_register(db, make(&m[0], 1, 6, "b", 2), &id, e));
	assert_int_not_equal(id, 1);
	assert_string_equal(dbtest_ask(root, "SELECT CONCAT(user_id, HEX(LEFT("
	    "p256dh, 1))) FROM device WHERE id = 1"), "501");
	/* And in one batch: with a row that is there, and with each other. */
	n[0] = *make(&m[0], 1, 0, "c", 3);
	n[1] = *make(&m[1], 9, 0, "d", 4);
	n[2] = *make(&m[2], 9, 0, "e", 5);
	ok(device_offer(db, n, 3, e));
	assert_string_equal(dbtest_ask(root, "SELECT GROUP_CONCAT(CONCAT("
	    "SUBSTRING(target, 28), HEX(LEFT(p256dh, 1))) ORDER BY target)"
	    " FROM device"), "a01,b02,c03,d04,e05");
	for (int i = 0; i < 3; i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "SELECT SUBSTRING(target, 28) FROM"
		    " device WHERE id = %" PRIu64, n[i].id);
		assert_string_equal(dbtest_ask(root, sql),
		    i == 0 ? "c" : i == 1 ? "d" : "e");
	}
}

static void
an_offer_mends_and_keeps_the_owner(void **state)
{
	struct made m[2];
	struct device_new n[2];
	uint64_t id;

	(void)state;
	ok(device_register(db, make(&m[0], 1, 5, "a", 1), &id, e));
	dbtest_sql(root, "UPDATE device SET is_active = FALSE,"
	    " dead_at = UTC_TIMESTAMP(6), dead_reason = 'gone'");
	n[0] = *make(&m[0], 11, 0, "a", 1);
	n[1] = *make(&m[1], 12, 0, "b", 2);
	ok(device_offer(db, n, 2, e));
	assert_int_equal(n[0].id, 1);
	assert_int_equal(n[1].id, 12);
	assert_string_equal(rows(), "1:a:5:01:1 12:b:0:02:1");
	/* What is right already is not written. */
	dbtest_sql(root, "UPDATE device SET seen_at = '2020-01-01'");
	ok(device_offer(db, n, 2, e));
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM device WHERE"
	    " seen_at = '2020-01-01'"), 2);
	/* Other keys: taken where nobody owns the device, and only there. */
	n[0] = *make(&m[0], 13, 0, "a", 8);
	n[1] = *make(&m[1], 14, 0, "b", 9);
	ok(device_offer(db, n, 2, e));
	assert_string_equal(rows(), "1:a:5:01:1 12:b:0:09:1");
	ok(device_offer(db, n, 0, e));
}

static int
offers(int i)
{
	static struct made m[200];
	static struct device_new n[200];
	struct db *own = db_new(DB_API);
	struct err e = ERR_INIT;
	int rc = 0;

	for (int round = 0; round < 5 && rc == 0; round++) {
		uint64_t base = rand_id();

		/* Each in an order of its own: none may wait for another. */
		for (int k = 0; k < 200; k++) {
			char name[16];
			int j = (k * (2 * i + 1) + round) % 200;

			snprintf(name, sizeof(name), "x%d", j);
			n[k] = *make(&m[k], base + (uint64_t)k, 0, name,
			    round);
		}
		if (device_offer(own, n, 200, &e) < 0) {
			fprintf(stderr, "%s %s\n", e.code, e.detail);
			rc = 1;
		}
	}
	db_free(own);
	return rc;
}

static void
many_offer_the_same_at_once(void **state)
{
	pid_t pid[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		pid[i] = dbtest_fork(offers, i);
	for (int i = 0; i < 6; i++)
		assert_int_equal(dbtest_join(pid[i]), 0);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM device"), 200);
}

static void
who_takes_a_device_over_takes_no_groups(void **state)
{
	struct made m;
	const uint64_t member = 1;
	uint64_t id;
	int64_t added = 0;

	(void)state;
	ok(device_register(db, make(&m, 1, 5, "a", 1), &id, e));
	ok(group_insert(db, 100, "g", false, e));
	ok(added = group_add(db, 100, GROUP_DEVICE, &member, 1, e));
	assert_int_equal(added, 1);
	ok(device_register(db, make(&m, 2, 5, "a", 1), &id, e));
	assert_int_equal(dbtest_num(root,
	    "SELECT COUNT(*) FROM push_group_device"), 1);
	ok(device_register(db, make(&m, 3, 6, "a", 1), &id, e));
	assert_int_equal(dbtest_num(root,
	    "SELECT COUNT(*) FROM push_group_device"), 0);
}

static void
a_group_is_made_once(void **state)
{
	int made = -1;

	(void)state;
	ok(made = group_insert(db, 100, "g", false, e));
	assert_int_equal(made, 1);
	ok(made = group_insert(db, 100, "g", false, e));	/* a redo */
	assert_int_equal(made, 1);
	ok(made = group_insert(db, 101, "g", false, e));	/* the name */
	assert_int_equal(made, 0);
	ok(made = group_insert(db, 100, "h", false, e));	/* the id */
	assert_int_equal(made, 0);
}

static void
a_lost_connection_registers_once(void **state)
{
	struct made m;
	uint64_t id = 0;

	(void)state;
	ok(device_register(db, make(&m, 1, 5, "a", 1), &id, e));
	dbtest_server("kill");
	dbtest_server("start");
	ok(device_register(db, make(&m, 2, 5, "b", 2), &id, e));
	assert_int_equal(id, 2);
	assert_string_equal(rows(), "1:a:5:01:1 2:b:5:02:1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_target_has_one_row_and_its_last_owner, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_key_met_by_chance_touches_nobody_else, begin, end),
		cmocka_unit_test_setup_teardown(
		    an_offer_mends_and_keeps_the_owner, begin, end),
		cmocka_unit_test_setup_teardown(many_offer_the_same_at_once,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    who_takes_a_device_over_takes_no_groups, begin, end),
		cmocka_unit_test_setup_teardown(a_group_is_made_once, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    a_lost_connection_registers_once, begin, end),
	};

	dbtest_begin("test_store_device");
	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
