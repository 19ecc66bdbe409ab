/*
 * The buttons of other sites' sign-in, as this site has them set up.  They are
 * links: the way there begins with a navigation, and ends where the visitor
 * would go from here.
 */
'use strict';

(() => {
	const NEXT_MAX = 2000;		/* the server's */

	/* What the gate signed is for this page to follow; a plain path of ours the server follows itself. */
	function wanted()
	{
		const asked = new URLSearchParams(location.search);

		if (asked.has('sig'))
			return `/console/signin/${location.search}`;
		try {
			const to = new URL(asked.get('rd') || '/console/', location.origin);
			return to.origin === location.origin ? to.pathname + to.search : '/';
		} catch {
			return '/';
		}
	}

	function next()
	{
		const to = wanted();

		return to.length <= NEXT_MAX ? to : '/';
	}

	function button({ label, start })
	{
		const a = document.createElement('a');
		const to = new URL(start);

		to.searchParams.set('next', next());
		a.href = to.href;
		a.textContent = words.other(label);
		return a;
	}

	async function show()
	{
		const answer = await fetch('/api/auth/social/providers/', { credentials: 'omit' });
		const { results } = await answer.json();
		const box = document.getElementById('others');

		if (!answer.ok || results.length === 0)
			return;
		document.getElementById('providers').replaceChildren(...results.map(button));
		box.hidden = false;
	}

	show().catch(() => { /* the password serves */ });
})();
