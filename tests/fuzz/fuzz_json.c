/* JSON: what the strict walker lets through, json-c reads and we write back
 * as something the walker takes again. */
#include "base/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena *a = arena_new((size_t)16 * 1024 * 1024);
	struct json *j = NULL, *again = NULL;
	struct err e = ERR_INIT;

	if (json_parse((const char *)p, n, JSON_STRICT, 0, &j, &e) == 0) {
		const char *text = json_text(a, j);

		if (json_parse(text, strlen(text), JSON_STRICT, 0, &again,
		    &e) < 0)
			__builtin_trap();
	}
	json_free(again);
	json_free(j);
	arena_free(a);
	return 0;
}
