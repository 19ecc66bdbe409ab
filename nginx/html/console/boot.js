/*
 * Starts the console, or says what is missing: where scripts/console-vendor
 * never ran, its libraries are not there to be imported.
 */
try {
	const { start } = await import('./app.js');
	await start();
} catch (e) {
	const fa = document.documentElement.lang === 'fa';
	const missing = /import|module|fetch/i.test(String(e && e.message));
	const p = document.createElement('p');

	p.setAttribute('role', 'alert');
	p.className = 'boot-trouble';
	if (missing)
		p.textContent = fa ? 'کتابخانه‌های کنسول اینجا نیستند. scripts/console-vendor آن‌ها را می‌آورد.'
			: 'The console’s libraries are not here. scripts/console-vendor fetches them.';
	else
		p.textContent = fa ? 'کنسول باز نشد. صفحه را از نو بار کنید.' : 'The console did not start. Load the page again.';
	document.getElementById('app').replaceChildren(p);
	console.error(e);
}
