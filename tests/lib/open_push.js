'use strict';
/*
 * Opens one Web Push message with http_ece, the library of the standard's
 * author, and prints what is in it.  The file named on the command line is
 * {private_key, auth, raw}, each base64url.
 */
const crypto = require('node:crypto');
const fs = require('node:fs');
const ece = require('http_ece');

const sealed = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const key = crypto.createECDH('prime256v1');

key.setPrivateKey(Buffer.from(sealed.private_key, 'base64url'));
const text = ece.decrypt(Buffer.from(sealed.raw, 'base64url'), {
	version: 'aes128gcm',
	privateKey: key,
	authSecret: sealed.auth,
});
process.stdout.write(text.toString('utf8') + '\n');
