'use strict';
/*
 * Replies scripted by the local part of an address, so that a test needs no
 * switch: word, code, enhanced code; anything may follow "+" or ".".
 *
 *   r550-5.1.1@      refused at RCPT        data451-4.3.0@  refused at DATA
 *   final452-4.3.1@  refused after the dot  mail550-5.1.8@  (sender) at MAIL
 *   hang@  taken, then silence after the dot
 *   drop@  taken, then the connection is cut after the dot
 */
const WORDS = { r: 'rcpt', data: 'data', final: 'final', mail: 'mail' };
const SCRIPT = /^(r|data|final|mail)([2-5]\d\d)-([245]\.\d{1,3}\.\d{1,3})(?:[+.].*)?$/;

function scripted(address, stage) {
	const m = SCRIPT.exec(address.slice(0, address.lastIndexOf('@')));

	if (!m || WORDS[m[1]] !== stage)
		return null;
	return { code: Number(m[2]), enhanced: m[3] };
}

/* "hang", "drop" or null. */
function afterDot(address) {
	const m = /^(hang|drop)(?:[+.].*)?@/.exec(address);

	return m ? m[1] : null;
}

module.exports = { scripted, afterDot };
