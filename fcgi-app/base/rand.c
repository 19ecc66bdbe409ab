/*
 * rand.c - chance from OpenSSL, a page at a time.
 *
 * The page is mapped MADV_WIPEONFORK: after any fork, even one that no
 * handler saw, the child finds it zeroed and `left` 0, so two processes never
 * hand out the same bytes.  Bytes are wiped as they are handed out, so that a
 * later look at memory does not find past tokens.  One page a thread.
 */
#include "base/rand.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <openssl/rand.h>

#include <limits.h>
#include <sys/mman.h>

#define PAGE_BYTES	4096
/* Larger requests gain nothing from the page. */
#define SMALL_MAX	256
#define TOKEN_MAX	128

/* 2024-01-01T00:00:00Z */
#define ID_EPOCH_MS	INT64_C(1704067200000)

struct page {
	uint32_t	left;
	unsigned char	bytes[PAGE_BYTES - sizeof(uint32_t)];
};

static _Thread_local struct page *page;
static _Thread_local bool unbuffered;	/* this kernel cannot wipe on fork */

static void
fill_direct(void *p, size_t n)
{
	unsigned char *b = p;

	while (n > 0) {
		int now = n > INT_MAX ? INT_MAX : (int)n;

		if (RAND_bytes(b, now) != 1)
			fatal("rand: no entropy");
		b += now;
		n -= (size_t)now;
	}
}

static void
page_map(void)
{
	void *p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fatal("rand: out of memory");
	if (madvise(p, PAGE_BYTES, MADV_WIPEONFORK) != 0) {
		munmap(p, PAGE_BYTES);
		unbuffered = true;
		return;
	}
	/* Best effort: a core dump need not hold tomorrow's tokens. */
	(void)madvise(p, PAGE_BYTES, MADV_DONTDUMP);
	page = p;
}

void
rand_fill(void *p, size_t n)
{
	unsigned char *from;

	if (n == 0)
		return;
	if (page == NULL && !unbuffered)
		page_map();
	if (unbuffered || n > SMALL_MAX) {
		fill_direct(p, n);
		return;
	}
	if (page->left < n) {
		fill_direct(page->bytes, sizeof(page->bytes));
		page->left = sizeof(page->bytes);
	}
	page->left -= (uint32_t)n;
	from = page->bytes + page->left;
	memcpy(p, from, n);
	explicit_bzero(from, n);
}

void
rand_after_fork(void)
{
	if (page != NULL)
		explicit_bzero(page, sizeof(*page));
}

uint32_t
rand_below(uint32_t bound)
{
	uint32_t x, least;

	if (bound < 2)
		return 0;
	/* 2^32 mod bound values at the bottom would come once too often. */
	least = -bound % bound;
	do
		rand_fill(&x, sizeof(x));
	while (x < least);
	return x % bound;
}

void
rand_code(char *out, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		out[i] = (char)('0' + rand_below(10));
	out[digits] = '\0';
}

uint64_t
rand_id(void)
{
	int64_t ms = clock_now() / 1000 - ID_EPOCH_MS;
	uint32_t chance;

	/* A clock before 2024 is wrong; ids stay positive, order is lost. */
	if (ms < 0)
		ms = 0;
	rand_fill(&chance, sizeof(chance));
	return ((uint64_t)ms & ((UINT64_C(1) << 41) - 1)) << 22 |
	    (chance & ((1u << 22) - 1));
}

void
rand_token(char *out, size_t out_size, size_t n)
{
	unsigned char raw[TOKEN_MAX];

	if (n > sizeof(raw))
		fatal("rand_token: %zu bytes asked, at most %d", n, TOKEN_MAX);
	rand_fill(raw, n);
	b64url_encode(out, out_size, raw, n);
	explicit_bzero(raw, sizeof(raw));
}
