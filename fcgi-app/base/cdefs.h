/*
 * cdefs.h - the few compiler words every room uses, and the banned calls.
 *
 * Included by every header of base/, so that banned.h holds everywhere.
 */
#ifndef GP_BASE_CDEFS_H
#define GP_BASE_CDEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>

#define MUST_CHECK	__attribute__((warn_unused_result))
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))
#define NORETURN	__attribute__((noreturn))
#define UNUSED		__attribute__((unused))
#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

#include "base/banned.h"

#endif
