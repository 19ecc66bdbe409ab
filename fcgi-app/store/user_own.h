/*
 * user_own.h - the columns of struct user, for user.c and user_list.c.
 */
#ifndef GP_STORE_USER_OWN_H
#define GP_STORE_USER_OWN_H

#include "store/user.h"

#define USER_COLUMNS \
	"SELECT id, phone, email, email_cmp, phone_verified_at IS NOT NULL," \
	" email_verified_at IS NOT NULL, first_name, last_name," \
	" CAST(birthday AS CHAR), gender, locale, time_zone, is_active," \
	" is_staff, is_superuser, password, password_at, not_before," \
	" created_at, last_login_at, country, allowed_countries," \
	" claim_ends_at IS NOT NULL FROM user WHERE "

#define USER_OUT(u) \
	DB_OUT(DB_TO_U64(&(u)->id), \
	DB_TO_STR(&(u)->phone), DB_TO_STR(&(u)->email), \
	DB_TO_STR(&(u)->email_cmp), DB_TO_BOOL(&(u)->phone_verified), \
	DB_TO_BOOL(&(u)->email_verified), DB_TO_STR(&(u)->first_name), \
	DB_TO_STR(&(u)->last_name), DB_TO_STR(&(u)->birthday), \
	DB_TO_STR(&(u)->gender), DB_TO_STR(&(u)->locale), \
	DB_TO_STR(&(u)->time_zone), DB_TO_BOOL(&(u)->is_active), \
	DB_TO_BOOL(&(u)->is_staff), DB_TO_BOOL(&(u)->is_superuser), \
	DB_TO_STR(&(u)->password), DB_TO_TIME(&(u)->password_us), \
	DB_TO_TIME(&(u)->not_before_us), DB_TO_TIME(&(u)->created_us), \
	DB_TO_TIME(&(u)->last_login_us), DB_TO_STR(&(u)->country), \
	DB_TO_STR(&(u)->allowed_countries), \
	    DB_TO_BOOL(&(u)->claim))

#endif
