/*
 * geo.h - where an address is, by libmaxminddb and GATEPOST_GEOIP_DB, for web
 * servers that have no module for it (Apache, plain CGI); and whose network it
 * is of, by GATEPOST_ASN_DB.
 *
 * A new database is picked up while running: write it beside the old one and
 * rename it over (never write into the old file: it is mapped).  One that
 * cannot be read leaves the one before it in use.
 */
#ifndef GP_BASE_GEO_H
#define GP_BASE_GEO_H

#include "base/cdefs.h"

#define GEO_COUNTRY_TEXT	3	/* "IR" and NUL */
#define GEO_CITY_TEXT		80

/* ISO 3166 code of an IPv4 or IPv6 address.  1 and out; 0 not known (also: no
 * database, no address), and out is "ZZ". */
int	 geo_country(const char *addr, char out[GEO_COUNTRY_TEXT]);
/* Its city in English, cut to fit, when the database has cities.  1; 0 and
 * out is "". */
int	 geo_city(const char *addr, char out[GEO_CITY_TEXT]);
/* The autonomous system that announces it, "AS64496".  1; 0 not known and out
 * is "". */
#define GEO_AS_TEXT		13
int	 geo_as(const char *addr, char out[GEO_AS_TEXT]);

#endif
