/*
 * The pages before signing in: the bar above with the other language and the
 * other theme, and codes that go off by themselves when the sixth digit is there.
 */
'use strict';

(() => {
	const root = document.documentElement;
	const fa = root.lang === 'fa';
	const bar = document.querySelector('.out-bar');

	function keep(name, value)
	{
		try {
			localStorage.setItem(`gatepost-${name}`, value);
			return true;
		} catch {
			return false;
		}
	}

	function button(text, lang, press)
	{
		const b = document.createElement('button');

		b.type = 'button';
		b.textContent = text;
		b.lang = lang;
		b.addEventListener('click', press);
		bar.append(b);
		return b;
	}

	const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
	const themes = fa ? ['تیره', 'روشن'] : ['Dark', 'Light'];
	const theme = button(themes[dark() ? 1 : 0], root.lang, () => {
		root.dataset.theme = dark() ? 'light' : 'dark';
		keep('theme', root.dataset.theme);
		theme.textContent = themes[dark() ? 1 : 0];
	});
	button(fa ? 'English' : 'فارسی', fa ? 'en' : 'fa', () => keep('language', fa ? 'en' : 'fa') && location.reload());

	/* Six digits of any keyboard: sent at once, as a phone that fills them in expects; the same ones not again by themselves. */
	for (const input of document.querySelectorAll('input[autocomplete="one-time-code"][data-auto]')) {
		let last = '';
		input.addEventListener('input', () => {
			const code = digits(input.value);
			if (/^[0-9]{6}$/.test(code) && code !== last && input.inputMode !== 'text') {
				last = code;
				input.form.requestSubmit();
			}
		});
	}
})();
