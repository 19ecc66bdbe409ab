// Events from standard input, a JSON line each ({secret, headers, body}): verified by the library that receivers use.
// Prints a line each: the payload, or why it is refused.
'use strict';
const path = require('path');
const modules = path.join(__dirname, '..', 'node_modules');
const { Webhook } = require(path.join(modules, 'standardwebhooks'));

for (const line of require('fs').readFileSync(0, 'utf8').split('\n')) {
	if (line === '')
		continue;
	const { secret, headers, body } = JSON.parse(line);
	try {
		console.log(JSON.stringify({ ok: new Webhook(secret).verify(body, headers) }));
	} catch (e) {
		console.log(JSON.stringify({ refused: e.message }));
	}
}
