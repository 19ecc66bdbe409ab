/*
 * Starts the console, or says what is missing: where scripts/console-vendor
 * never ran, its libraries are not there to be imported.  While nobody
 * answers, or the database is away, it tries again.
 */
try {
	const { start } = await import('./app.js');
	await start();
} catch (e) {
	const fa = document.documentElement.lang === 'fa';
	const file = !(e instanceof SyntaxError) && /import|module|fetch/i.test(String(e && e.message));
	const answers = !file || await fetch('/console/lib.js', { method: 'HEAD', cache: 'no-store' }).then((r) => r.ok, () => false);
	const box = document.createElement('div'), p = document.createElement('p'), again = document.createElement('button');

	box.setAttribute('role', 'alert');
	box.className = 'boot-trouble';
	again.className = 'button';
	again.textContent = fa ? 'تلاش دوباره' : 'Try again';
	again.addEventListener('click', () => location.reload());
	box.append(p, again);
	if (!answers || [0, 429].includes(e.status) || e.status >= 500) {
		p.textContent = fa ? 'سرور اکنون پاسخ نمی‌دهد. این صفحه چند لحظهٔ دیگر دوباره تلاش می‌کند.'
			: 'The server cannot answer right now. This page tries again in a moment.';
		const reload = () => (document.hidden ? addEventListener('visibilitychange', () => location.reload(), { once: true }) : location.reload());
		setTimeout(reload, Math.max(5000, 1000 * (e.retry_after || 0)) + 5000 * Math.random());
		addEventListener('online', reload);
	} else if (file) {
		p.textContent = fa ? 'کتابخانه‌های کنسول اینجا نیستند. scripts/console-vendor آن‌ها را می‌آورد.'
			: 'The console’s libraries are not here. scripts/console-vendor fetches them.';
	} else {
		p.textContent = fa ? 'کنسول باز نشد. صفحه را دوباره بارگذاری کنید.' : 'The console did not start. Load the page again.';
	}
	document.getElementById('app').replaceChildren(box);
	console.error(e);
}
