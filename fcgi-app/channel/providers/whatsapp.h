/*
 * whatsapp.h - what senders and webhooks of WhatsApp share: who a contact is,
 * and what names a delivery at the provider.
 */
#ifndef GP_CHANNEL_WHATSAPP_H
#define GP_CHANNEL_WHATSAPP_H

#include "base/arena.h"

struct message;
struct out_request;
struct in_answer;
struct verdict;
void	 whatsapp_judge(const struct message *m,
	    const struct out_request *req, const struct in_answer *in,
	    struct verdict *v);

#define WHATSAPP_PAIR_S	6	/* between two to one recipient (4.4) */
#define WHATSAPP_TEXT_MAX	4096	/* characters (PROVIDERS.md 4.2) */
#define WHATSAPP_PARAMETERS_MAX	50
#define WHATSAPP_PARAMETER_MAX	1024

/*
 * A contact as we keep it: digits without "+", or a user id of theirs
 * ("US.134…").  Numbers of Brazil, Mexico and Argentina are written with and
 * without a mobile digit, and the id they answer with may be the other form
 * (PROVIDERS.md 4.2): both become the same.  NULL: neither.  In the arena.
 */
#define WHATSAPP_CONTACT_MAX	140
const char *whatsapp_contact(struct arena *a, const char *number);

/* The numbers in E.164 that an address of this contact may be kept as: one, or
 * with and without that digit; none for what is no number.  How many. */
#define WHATSAPP_NUMBER_MAX	18
size_t	 whatsapp_forms(const char *number, char form[2][WHATSAPP_NUMBER_MAX]);

/* May it be a parameter of a template: no line break, no tab, at most four
 * blanks in a row, not empty (else 132012, 132018)? */
bool	 whatsapp_parameter_ok(const char *s);
/* Template names are a-z, 0-9 and _; languages like en or en_US. */
bool	 whatsapp_template_ok(const char *s);
bool	 whatsapp_language_ok(const char *s);
/* Of the languages that a template has ("en_US,fa") that of a locale (NULL:
 * none is known), else the first; "en_US" when the list is empty.  In the
 * arena. */
const char *whatsapp_language(struct arena *a, const char *list,
	    const char *locale);

/*
 * The name of a delivery that travels to a provider and back in its callbacks,
 * "gp-ID-SEQ": it finds the delivery when the answer that had the provider's
 * id was lost.  callback_name_read: 1, or 0 when it is none of ours.
 */
#define CALLBACK_NAME	48
void	 callback_name(char out[CALLBACK_NAME], uint64_t notification_id,
	    uint32_t seq);
int	 callback_name_read(const char *s, uint64_t *notification_id,
	    uint32_t *seq) MUST_CHECK;

#endif
