/*
 * What the console's pages share: the language of the visitor, and the words of a page in it.
 */
'use strict';

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
