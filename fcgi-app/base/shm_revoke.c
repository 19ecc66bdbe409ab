/*
 * shm_revoke.c - who is signed out (D8): readers without locks, one writer,
 * and a small side list that any child may add to.
 *
 * A torn or half-written state must cost at most a question to the database
 * (SHM_STALE), never a wrong "clear".  A table is a hash of 16-byte entries,
 * open addressing, as large as this list needs: publishing touches only that
 * much memory.  The live table is gen & 1; the writer fills the other and
 * then moves gen.  It rewrites a table only after gen has moved past it, so
 * a gen that is unchanged behind a reader's loads means that they are whole.
 */
#include "base/shm.h"
#include "base/shm_own.h"

#define TABLE_ROWS	(SHM_TABLE_SLOTS / 2)
#define SLOTS_MIN	64u
#define SIDE_KEEP_US	(2 * US_PER_S)	/* past the list that has it */
#define FRESH_US	US_PER_S
#define RETRIES		8		/* then: ask the database */
#define USER_BIT	(UINT64_C(1) << 63)

static uint32_t
hash(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);	/* 2^64 / golden ratio */
	return (uint32_t)(key >> 40);
}

static uint64_t
key_of(const struct shm_revocation *row)
{
	return row->sid != 0 ? row->sid & ~USER_BIT : row->user_id | USER_BIT;
}

/* Is the key in the table?  Bounded even while the table is rewritten. */
static bool
table_has(struct shm_table *t, uint64_t key, int64_t *not_before_s)
{
	uint32_t i, n, mask;
	uint64_t k;

	mask = atomic_load_explicit(&t->mask, memory_order_relaxed) &
	    (SHM_TABLE_SLOTS - 1);
	for (i = hash(key) & mask, n = 0; n <= mask; i = (i + 1) & mask, n++) {
		k = atomic_load_explicit(&t->e[i].key, memory_order_relaxed);
		if (k == 0)
			return false;
		if (k != key)
			continue;
		*not_before_s = atomic_load_explicit(&t->e[i].not_before_s,
		    memory_order_relaxed);
		return true;
	}
	return false;
}

static bool
side_has(struct shm_layout *l, uint64_t sid_key, uint64_t user_key,
    int64_t iat_s)
{
	int64_t stamp, nb;
	uint64_t k;
	size_t i;

	if (atomic_load_explicit(&l->side_live, memory_order_acquire) == 0)
		return false;
	for (i = 0; i < SHM_SIDE; i++) {
		stamp = atomic_load_explicit(&l->side[i].at_us,
		    memory_order_relaxed);
		k = atomic_load_explicit(&l->side[i].key,
		    memory_order_acquire);
		if (k == 0 || (k != sid_key && k != user_key))
			continue;
		nb = atomic_load_explicit(&l->side[i].not_before_s,
		    memory_order_relaxed);
		/* Another tenant of the place meanwhile?  Then the list has
		 * the one we saw. */
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&l->side[i].at_us,
		    memory_order_relaxed) != stamp)
			continue;
		if (k == sid_key || iat_s < nb)
			return true;
	}
	return false;
}

static enum shm_answer
ask(struct shm_layout *l, uint64_t sid_key, uint64_t user_key,
    int64_t iat_s, int64_t now_us)
{
	int64_t nb = 0, stamp;
	struct shm_table *t;
	bool revoked, whole;
	uint64_t gen;
	int tries;

	if (side_has(l, sid_key, user_key, iat_s))
		return SHM_REVOKED;
	for (tries = 0; tries < RETRIES; tries++) {
		gen = atomic_load_explicit(&l->gen, memory_order_acquire);
		t = &l->table[gen & 1];
		stamp = atomic_load_explicit(&t->stamp_us,
		    memory_order_relaxed);
		whole = atomic_load_explicit(&t->overflowed,
		    memory_order_relaxed) == 0;
		revoked = table_has(t, sid_key, &nb) ||
		    (table_has(t, user_key, &nb) && iat_s < nb);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&l->gen, memory_order_relaxed) != gen)
			continue;
		/* An old list is still right about whom it names. */
		if (revoked)
			return SHM_REVOKED;
		if (!whole || stamp == 0 || now_us - stamp > FRESH_US ||
		    stamp - now_us > FRESH_US)
			return SHM_STALE;
		return SHM_CLEAR;
	}
	return SHM_STALE;
}

enum shm_answer
shm_revoked(const struct shm *s, uint64_t sid, uint64_t user_id,
    int64_t iat_s, int64_t now_us)
{
	uint64_t sid_key = sid & ~USER_BIT, user_key = user_id | USER_BIT;
	enum shm_answer a;
	struct shm_layout *l;

	if (s == NULL)
		return SHM_STALE;
	a = ask(l = shm_at(s), sid_key, user_key, iat_s, now_us);
	if (a != SHM_STALE)
		return a;
	/* A new master may publish into a new file. */
	shm_refresh(s);
	return shm_at(s) == l ? a : ask(shm_at(s), sid_key, user_key, iat_s, now_us);
}

static void
table_put(struct shm_table *t, uint32_t mask, uint64_t key, int64_t nb)
{
	uint32_t i = hash(key) & mask;
	uint64_t k;

	while ((k = atomic_load_explicit(&t->e[i].key,
	    memory_order_relaxed)) != 0 && k != key)
		i = (i + 1) & mask;
	if (k == key && atomic_load_explicit(&t->e[i].not_before_s,
	    memory_order_relaxed) >= nb)
		return;
	atomic_store_explicit(&t->e[i].not_before_s, nb,
	    memory_order_relaxed);
	atomic_store_explicit(&t->e[i].key, key, memory_order_relaxed);
}

/* Free the places whose rows the live list has: it was read after them. */
static void
side_sweep(struct shm_layout *l, int64_t stamp_us)
{
	int64_t since;
	size_t i;

	for (i = 0; i < SHM_SIDE; i++) {
		since = atomic_load(&l->side[i].at_us);
		if (since == 0 || since + SIDE_KEEP_US >= stamp_us)
			continue;
		atomic_store(&l->side[i].key, 0);
		atomic_store(&l->side[i].at_us, 0);
		atomic_fetch_sub(&l->side_live, 1);
	}
}

void
shm_publish(struct shm *s, const struct shm_revocation *rows, size_t n,
    int64_t stamp_us)
{
	struct shm_layout *l = shm_at(s);
	uint64_t gen = atomic_load(&l->gen) + 1;
	struct shm_table *t = &l->table[gen & 1];
	uint32_t slots = SLOTS_MIN, overflowed = 0;
	size_t i;

	if (n > TABLE_ROWS) {
		n = TABLE_ROWS;
		overflowed = 1;
	}
	while (slots < n * 2)
		slots *= 2;
	/* What follows may be seen only by who can also see the gen that
	 * retired this table (pairs with the fence in ask). */
	atomic_thread_fence(memory_order_release);
	for (i = 0; i < slots; i++)
		atomic_store_explicit(&t->e[i].key, 0, memory_order_relaxed);
	atomic_store_explicit(&t->mask, slots - 1, memory_order_relaxed);
	for (i = 0; i < n; i++)
		if (rows[i].sid != 0 || rows[i].user_id != 0)
			table_put(t, slots - 1, key_of(&rows[i]),
			    rows[i].not_before_s);
	atomic_store_explicit(&t->overflowed, overflowed,
	    memory_order_relaxed);
	atomic_store_explicit(&t->stamp_us, stamp_us, memory_order_relaxed);
	atomic_store_explicit(&l->gen, gen, memory_order_release);
	/* Not when rows were left out: one of them may be on the side. */
	if (!overflowed)
		side_sweep(l, stamp_us);
}

void
shm_revoke_now(struct shm *s, const struct shm_revocation *row)
{
	int64_t now = clock_now(), empty;
	struct shm_layout *l;
	size_t i;

	if (s == NULL || (row->sid == 0 && row->user_id == 0))
		return;
	l = shm_at(s);
	/* Before the place is taken: 0 must mean that there is nothing. */
	atomic_fetch_add(&l->side_live, 1);
	for (i = 0; i < SHM_SIDE; i++) {
		empty = 0;
		if (!atomic_compare_exchange_strong(&l->side[i].at_us, &empty,
		    now == 0 ? 1 : now))
			continue;
		atomic_store(&l->side[i].not_before_s, row->not_before_s);
		atomic_store_explicit(&l->side[i].key, key_of(row),
		    memory_order_release);
		return;
	}
	atomic_fetch_sub(&l->side_live, 1);
}
