// The peer of the drain row: node's web-push library sending `count` messages
// from memory, over kept connections, at the concurrency that suits it best.
// Usage: node peer_webpush.js FILE.json   {subscriptions, count, payload}
// Prints {rate, concurrency, sent, seconds}; exits 1 when any send failed.
'use strict';
const fs = require('fs');
const https = require('https');
const webpush = require('web-push');

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const keys = webpush.generateVAPIDKeys();
const vapidDetails = { subject: 'mailto:bench@example.com', ...keys };

async function run(concurrency, count) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: concurrency });
  const options = { vapidDetails, agent, TTL: 60, contentEncoding: 'aes128gcm' };
  let next = 0;
  async function lane() {
    while (next < count) {
      const i = next++;
      const answer = await webpush.sendNotification(
        job.subscriptions[i % job.subscriptions.length], job.payload, options);
      if (answer.statusCode !== 201) throw new Error(`status ${answer.statusCode}`);
    }
  }
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: concurrency }, lane));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  agent.destroy();
  return { rate: count / seconds, concurrency, sent: count, seconds };
}

(async () => {
  // the first run also warms the compiler; it is thrown away
  const trial = Math.max(200, Math.floor(job.count / 10));
  await run(16, trial);
  let best = null;
  for (const c of [8, 32, 100]) {
    const got = await run(c, trial);
    if (best === null || got.rate > best.rate) best = got;
  }
  const result = await run(best.concurrency, job.count);
  process.stdout.write(JSON.stringify(result) + '\n');
})().catch((e) => { console.error(e); process.exit(1); });
