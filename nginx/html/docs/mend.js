'use strict';
/*
 * What the viewers leave out for who cannot see or has no mouse: the names of fields, and places that scroll but cannot be come to.
 * `rows` are [selector, what to do with each]; the viewers draw when they like, so it is done after each time.
 */
function mend(rows)
{
	const viewer = document.getElementById('viewer');
	let soon = 0;

	new MutationObserver(() => {
		soon = soon || requestAnimationFrame(() => {
			soon = 0;
			for (const [selector, work] of rows)
				viewer.querySelectorAll(selector).forEach(work);
		});
	}).observe(viewer, { childList: true, subtree: true });
}
