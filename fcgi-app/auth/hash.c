/*
 * hash.c - Argon2 through its library, with memory of our own; the rest is
 * password_old.c's.
 *
 * What must stay true: the library has wiped the memory before it is given
 * back to us (its default), so what is kept tells nothing.
 */
#include "auth/hash.h"

#include <sys/mman.h>

#include <argon2.h>

#define LARGE_PAGE	((size_t)2 * 1024 * 1024)

static uint8_t *kept;
static size_t kept_bytes;
static bool used;

void
hash_keep(size_t bytes)
{
	size_t head;
	uint8_t *p;

	if (bytes <= kept_bytes)
		return;
	if (kept != NULL)
		munmap(kept, kept_bytes);
	kept = NULL;
	kept_bytes = 0;
	p = mmap(NULL, bytes + LARGE_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return;
	/* Large pages begin where they may; what is before and behind goes. */
	head = (LARGE_PAGE - (uintptr_t)p % LARGE_PAGE) % LARGE_PAGE;
	if (head > 0)
		munmap(p, head);
	kept = p + head;
	kept_bytes = bytes;
	if (head < LARGE_PAGE)
		munmap(kept + bytes, LARGE_PAGE - head);
	/* Only whole ones: memory stays at what a hash needs (S56). */
	(void)madvise(kept, bytes - bytes % LARGE_PAGE, MADV_HUGEPAGE);
	(void)madvise(kept, bytes, MADV_DONTDUMP);
}

bool
hash_kept(void)
{
	return used;
}

void
hash_trim(void)
{
	if (kept != NULL)
		(void)madvise(kept, kept_bytes, MADV_DONTNEED);
	used = false;
}

static int
take_memory(uint8_t **p, size_t n)
{
	bool fits = n <= kept_bytes;

	used = used || fits;
	*p = fits ? kept : malloc(n);
	return *p == NULL ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

static void
give_memory(uint8_t *p, size_t n)
{
	(void)n;
	if (p != kept)
		free(p);
}

static int
argon2_compute(const struct old_hash *o, const void *in, size_t n,
    uint8_t *tag, struct err *e)
{
	argon2_context c = {
		.out = tag, .outlen = (uint32_t)o->hash_n,
		.pwd = (uint8_t *)(uintptr_t)in, .pwdlen = (uint32_t)n,
		.salt = (uint8_t *)(uintptr_t)o->salt,
		.saltlen = (uint32_t)o->salt_n,
		.t_cost = o->r, .m_cost = (uint32_t)o->n,
		.lanes = o->p, .threads = o->p,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = take_memory, .free_cbk = give_memory,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int rc = argon2_ctx(&c, o->kind == OLD_ARGON2ID ? Argon2_id :
	    o->kind == OLD_ARGON2I ? Argon2_i : Argon2_d);

	return rc == ARGON2_OK ? 1 : err_set(e,
	    rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_UNAVAILABLE :
	    ERR_INTERNAL, "hash_failed", "argon2: %s",
	    argon2_error_message(rc));
}

int
hash_compute(const struct old_hash *o, const void *in, size_t n,
    uint8_t tag[HASH_TAG_MAX], struct err *e)
{
	return o->kind >= OLD_ARGON2ID ? argon2_compute(o, in, n, tag, e) :
	    old_verify(o, in, e);
}
