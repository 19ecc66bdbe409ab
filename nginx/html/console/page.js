/*
 * What the console's pages share: the language of the visitor, and the words of a page in it.
 */
'use strict';

/* A number as it is meant: digits of any keyboard, without spaces and the marks of direction that come with a copy. */
function latin(text)
{
	return text.replace(/[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '').replace(/[\u06f0-\u06f9]/g, (d) => String(d.charCodeAt(0) - 0x6f0))
		.replace(/[\u0660-\u0669]/g, (d) => String(d.charCodeAt(0) - 0x660));
}

/* An address or a number within a sentence of either direction; a long one breaks at its signs. */
const shown = (to) => `\u2066${to.replace(/(?=[@.])/g, '\u200b')}\u2069`;

/* A code of digits, also written in groups. */
const digits = (text) => latin(text).replace(/[-\u2010-\u2015.]/g, '');

/*
 * `words` has a table a language; what the page itself says in English needs no row.  Sets the text of every [data-say]
 * (theme.js has set lang and dir), and answers the table.
 */
function speak(words)
{
	const say = words[document.documentElement.lang] || words.en;

	for (const el of document.querySelectorAll('[data-say]'))
		el.textContent = say[el.dataset.say] || el.textContent;
	document.title = document.querySelector('h1').textContent;
	return say;
}
