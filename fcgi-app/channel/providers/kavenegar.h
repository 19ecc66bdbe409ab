/*
 * kavenegar.h - states of a message at Kavenegar, as its callbacks and its
 * answers to questions name them (PROVIDERS.md 1.7).
 */
#ifndef GP_CHANNEL_KAVENEGAR_H
#define GP_CHANNEL_KAVENEGAR_H

#include "base/cdefs.h"

struct receipts;

/* The state of a delivery, and *reason ("" or a word); NULL: it says nothing
 * new (queued there, or not known there). */
extern const struct receipts kavenegar_receipts;
const char *kavenegar_state(int status, const char **reason);

#endif
