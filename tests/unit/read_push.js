// Read one push request with node's http_ece, as a browser would, and check
// its VAPID token with node's own ECDSA; print what it says as JSON.
// Usage: node read_push.js FILE    {private, public, auth, body, authorization}
'use strict';
const crypto = require('crypto');
const fs = require('fs');
let ece;
try {
	ece = require('http_ece');
} catch (err) {
	if (err.code !== 'MODULE_NOT_FOUND')
		throw err;
	console.log('http_ece is not installed (npm ci in tests/)');
	process.exit(77);
}

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const keys = crypto.createECDH('prime256v1');
keys.setPrivateKey(job.private, 'base64url');
const plain = ece.decrypt(Buffer.from(job.body, 'base64url'), {
	version: 'aes128gcm', privateKey: keys, authSecret: job.auth,
});

const m = /^vapid t=([\w-]+\.([\w-]+))\.([\w-]+), k=([\w-]+)$/
    .exec(job.authorization);
if (!m)
	throw new Error(`Authorization: ${job.authorization}`);
const point = Buffer.from(m[4], 'base64url');
const key = crypto.createPublicKey({ format: 'jwk', key: {
	kty: 'EC', crv: 'P-256',
	x: point.subarray(1, 33).toString('base64url'),
	y: point.subarray(33).toString('base64url') } });
const good = crypto.verify('sha256', Buffer.from(m[1]),
    { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(m[3], 'base64url'));
console.log(JSON.stringify({ good, k: m[4],
	claims: JSON.parse(Buffer.from(m[2], 'base64url')),
	plain: plain.toString('utf8') }));
