/*
 * test_store_personal.c - S72: every column of every table that has something
 * of a person is in a rule, and the rules do what they say.
 */
#include "dbcase.h"
#include "store/personal.h"

/* A constant query's one text; "" for NULL. */
static const char *
ask(const char *sql)
{
	const char *out = NULL;

	ok(db_ask(ctl, sql, a, &out, e));
	return out == NULL ? "" : out;
}

static const struct personal_rule *
rule_of(const char *table, size_t n)
{
	for (size_t i = 0; i < personal_rules_count; i++)
		if (strlen(personal_rules[i].table) == n &&
		    memcmp(personal_rules[i].table, table, n) == 0)
			return &personal_rules[i];
	return NULL;
}

/* How often a rule names a column. */
static unsigned
named(const struct personal_rule *r, const char *column, size_t n)
{
	unsigned times = 0;

	for (size_t i = 0; i < r->cols; i++)
		times += strlen(r->col[i].name) == n &&
		    memcmp(r->col[i].name, column, n) == 0;
	for (size_t i = 0; i < r->helds; i++)
		times += strlen(r->held[i].name) == n &&
		    memcmp(r->held[i].name, column, n) == 0;
	return times;
}

#define PERSONAL_TABLES \
	"SELECT table_name FROM information_schema.columns" \
	" WHERE table_schema = DATABASE() AND column_name = 'user_id'" \
	" UNION SELECT 'user'"

static void
s72_every_table_of_a_person_has_a_rule(void **state)
{
	const char *p = ask("SELECT GROUP_CONCAT(table_name ORDER BY"
	    " table_name) FROM (" PERSONAL_TABLES ") AS t");
	unsigned seen = 0;

	(void)state;
	for (size_t n; *p != '\0'; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if (rule_of(p, n) == NULL)
			fail_msg("table %.*s has a user_id and no rule in "
			    "store/personal_rules.c", (int)n, p);
		seen++;
	}
	assert_true(seen >= 14);
	assert_int_equal(seen, personal_rules_count);
}

static void
s72_every_column_is_exported_or_held_back_for_a_reason(void **state)
{
	const char *p = ask("SELECT GROUP_CONCAT(c.table_name, '.',"
	    " c.column_name) FROM information_schema.columns c JOIN ("
	    PERSONAL_TABLES ") AS t USING (table_name)"
	    " WHERE c.table_schema = DATABASE()");
	unsigned seen = 0, stated = 0;

	(void)state;
	for (size_t n; *p != '\0'; p += n + (p[n] == ',')) {
		size_t dot = strcspn(p, ".");
		const struct personal_rule *r = rule_of(p, dot);

		n = strcspn(p, ",");
		assert_non_null(r);
		if (named(r, p + dot + 1, n - dot - 1) != 1)
			fail_msg("column %.*s is in %u lists of its rule",
			    (int)n, p, named(r, p + dot + 1, n - dot - 1));
		seen++;
	}
	for (size_t i = 0; i < personal_rules_count; i++) {
		const struct personal_rule *r = &personal_rules[i];

		stated += (unsigned)(r->cols + r->helds);
		assert_true(r->cols <= PERSONAL_COLS_MAX);
		assert_true((r->read == NULL) == (r->cols == 0));
		for (size_t k = 0; k < r->helds; k++)
			assert_true(strlen(r->held[k].why) > 5);
		/* What is purged by no statement says why. */
		if (r->purge[0] == NULL)
			assert_non_null(r->why);
	}
	assert_int_equal(seen, stated);
}

static int
count_row(void *arg, struct err *e)
{
	(void)e;
	++*(unsigned *)arg;
	return 0;
}

/* Two keys and a page's end in the middle of one of them. */
static void
an_export_of_several_pages_has_every_row_once(void **state)
{
	const struct personal_rule *r = rule_of("delivery", 8);
	struct personal_value v[PERSONAL_COLS_MAX];
	unsigned rows = 0;

	(void)state;
	dbtest_sql(ctl, "INSERT INTO delivery (notification_id, seq, user_id,"
	    " channel, target_hash, target, created_at, updated_at)"
	    " SELECT 100 + seq DIV 7, seq MOD 7, 77, 'sms',"
	    " UNHEX(MD5(seq)), '+98912', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)"
	    " FROM seq_1_to_451");
	ok(personal_each(db, r, 77, v, count_row, &rows, e));
	assert_int_equal(rows, 451);
}

static void
s72_a_purged_delivery_names_nobody_and_still_counts(void **state)
{
	const struct personal_rule *r = rule_of("delivery", 8);
	int64_t n;
	unsigned all = 0;

	(void)state;
	while ((n = personal_purge(worker, r, 77, 100,
	    &(struct err)ERR_INIT)) > 0) {
		assert_true(n <= 200);
		all += (unsigned)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(all, 451);
	assert_string_equal(ask("SELECT COUNT(*) FROM delivery WHERE"
	    " notification_id BETWEEN 100 AND 200"), "451");
	assert_string_equal(ask("SELECT COUNT(*) FROM delivery WHERE"
	    " target <> '' OR user_id = 77"), "0");
	dbtest_sql(ctl, "DELETE FROM delivery");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(s72_every_table_of_a_person_has_a_rule),
		cmocka_unit_test(
		    s72_every_column_is_exported_or_held_back_for_a_reason),
		cmocka_unit_test(
		    an_export_of_several_pages_has_every_row_once),
		cmocka_unit_test(
		    s72_a_purged_delivery_names_nobody_and_still_counts),
	};

	dbtest_begin("test_store_personal");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
