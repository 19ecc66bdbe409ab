/*
 * kavenegar.h - calls of Kavenegar, and states of a message there, as its
 * callbacks and its answers to questions name them (PROVIDERS.md 1.7).
 */
#ifndef GP_CHANNEL_KAVENEGAR_H
#define GP_CHANNEL_KAVENEGAR_H

#include "base/cdefs.h"

struct account;
struct arena;
struct buf;
struct out_request;
struct receipts;

extern const struct receipts kavenegar_receipts;
/* A call of `method` ("sms/send") with the account's key; all of it in the
 * arena. */
void	 kavenegar_request(const struct account *acc, const char *method,
	    const struct buf *form, struct arena *a, struct out_request *out);
/* The state of a delivery, and *reason ("" or a word); NULL: it says nothing
 * new (queued there, or not known there). */
const char *kavenegar_state(int status, const char **reason);

#endif
