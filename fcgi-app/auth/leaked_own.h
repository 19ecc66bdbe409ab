/*
 * leaked_own.h - the filter's form, shared by leaked.c and leaked_build.c.
 */
#ifndef GP_AUTH_LEAKED_OWN_H
#define GP_AUTH_LEAKED_OWN_H

#include "auth/leaked.h"

#define LEAKED_MAGIC	"GPLEAK\r\n"
#define LEAKED_VERSION	1u
#define LEAKED_PRINT(h)	((uint16_t)((h) ^ (h) >> 32))

/* In the machine's byte order: a file of another one has another version. */
struct leaked_head {
	char		 magic[8];
	uint32_t	 version, segment;	/* segment: a power of two */
	uint64_t	 count, seed, span, slots;
	uint8_t		 body_sum[32], head_sum[32];
};

uint64_t leaked_key(const char *password);
uint64_t leaked_mix(uint64_t key, uint64_t seed);
void	 leaked_slots(const struct leaked_head *d, uint64_t h,
	    uint32_t at[3]);
void	 leaked_head_sum(const struct leaked_head *d, uint8_t sum[32]);

#endif
