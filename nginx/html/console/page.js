/*
 * What the console's pages share: the language of the visitor, and the words of a page in it.
 */
'use strict';

/*
 * `words` has a table a language; what the page itself says in English needs no row.  Sets lang, dir and the text of every
 * [data-say], and answers the table.
 */
function speak(words)
{
	const language = (navigator.languages.find((l) => /^(en|fa)\b/.test(l)) || 'en').slice(0, 2);
	const say = words[language];

	document.documentElement.lang = language;
	document.documentElement.dir = language === 'fa' ? 'rtl' : 'ltr';
	for (const el of document.querySelectorAll('[data-say]'))
		el.textContent = say[el.dataset.say] || el.textContent;
	document.title = document.querySelector('h1').textContent;
	return say;
}
