/*
 * banned.h - calls nobody may write here: each has a bounded or checked
 * replacement (buf.h, text.h, arena.h, clock.h, rand.h).  After git's file
 * of the same name.
 */
#ifndef GP_BASE_BANNED_H
#define GP_BASE_BANNED_H

/* The system's own headers may use these words; they must come first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GP_BANNED(f) sorry_##f##_is_a_banned_function

#undef strcpy
#define strcpy(x, y)	GP_BANNED(strcpy)
#undef strcat
#define strcat(x, y)	GP_BANNED(strcat)
#undef strncpy
#define strncpy(x, y, n) GP_BANNED(strncpy)
#undef strncat
#define strncat(x, y, n) GP_BANNED(strncat)
#undef strtok
#define strtok(x, y)	GP_BANNED(strtok)
#undef sprintf
#define sprintf(...)	GP_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...)	GP_BANNED(vsprintf)
#undef gets
#define gets(x)		GP_BANNED(gets)
#undef gmtime
#define gmtime(t)	GP_BANNED(gmtime)
#undef localtime
#define localtime(t)	GP_BANNED(localtime)
#undef ctime
#define ctime(t)	GP_BANNED(ctime)
#undef asctime
#define asctime(t)	GP_BANNED(asctime)
#undef rand
#define rand()		GP_BANNED(rand)
#undef srand
#define srand(x)	GP_BANNED(srand)
#undef random
#define random()	GP_BANNED(random)
#undef atoi
#define atoi(x)		GP_BANNED(atoi)
#undef atol
#define atol(x)		GP_BANNED(atol)
#undef system
#define system(x)	GP_BANNED(system)
#undef alloca
#define alloca(x)	GP_BANNED(alloca)

#endif
