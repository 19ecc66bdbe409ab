/*
 * arena.c - blocks in a chain; the newest takes the allocations.
 *
 * The sum of the blocks' payloads never passes `max`.
 */
#include "base/arena.h"
#include "base/log.h"

#include <stdalign.h>

#define BLOCK_MIN	((size_t)16 * 1024)
#define ALIGN_TO	((size_t)16)

struct block {
	struct block	*next;
	size_t		 size, used;
	alignas(16) unsigned char data[];
};

struct arena {
	struct block	*head;		/* newest first; the last is `first` */
	struct block	*first;
	size_t		 max, total;	/* payload bytes: allowed, held */
};

static struct block *
block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		fatal("arena: out of memory for %zu bytes", size);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *
arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		fatal("arena: out of memory");
	a->max = max < BLOCK_MIN ? BLOCK_MIN : max;
	a->first = a->head = block_new(BLOCK_MIN);
	a->total = BLOCK_MIN;
	return a;
}

void
arena_reset(struct arena *a)
{
	while (a->head != a->first) {
		struct block *b = a->head;

		a->head = b->next;
		a->total -= b->size;
		explicit_bzero(b->data, b->used);
		free(b);
	}
	explicit_bzero(a->first->data, a->first->used);
	a->first->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->head;
	void *p;

	if (n > a->max)
		fatal("arena: %zu bytes asked of a ceiling of %zu", n, a->max);
	n = (n + ALIGN_TO - 1) & ~(ALIGN_TO - 1);
	if (b->size - b->used < n) {
		size_t size = n > BLOCK_MIN ? n : BLOCK_MIN;

		if (a->total + size > a->max + BLOCK_MIN)
			fatal("arena: ceiling of %zu bytes passed", a->max);
		b = block_new(size);
		b->next = a->head;
		a->head = b;
		a->total += size;
	}
	p = b->data + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		fatal("arena: %zu x %zu overflows", n, size);
	return arena_alloc(a, bytes);
}

void *
arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	return q;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	return arena_memdup(a, s, strnlen(s, n));
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		fatal("arena_printf: bad format");
	s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

size_t
arena_used(const struct arena *a)
{
	size_t n = 0;

	for (const struct block *b = a->head; b != NULL; b = b->next)
		n += b->used;
	return n;
}

size_t
arena_left(const struct arena *a)
{
	return a->total >= a->max ? a->head->size - a->head->used :
	    a->max - a->total + (a->head->size - a->head->used);
}
