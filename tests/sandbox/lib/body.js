'use strict';
/* The body of a request, whole: a Buffer, or null when it is over `max` bytes
 * (it is read to its end all the same, so that the sender gets an answer).
 * then(body); broken(err) when it ends in the middle. */
function readBody(req, max, then, broken) {
	const chunks = [];
	let size = 0;

	req.on('data', (c) => {
		size += c.length;
		if (size <= max)
			chunks.push(c);
	});
	req.on('end', () => then(size > max ? null : Buffer.concat(chunks)));
	if (broken)
		req.on('error', broken);
}

module.exports = { readBody };
