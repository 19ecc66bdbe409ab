// The peer of the live rows: node's ws library on a unix socket. It says one thing to who connects; a line "broadcast K SIZE" on
// standard input has it send K notifications of about SIZE bytes to everybody, each serialized once, as fast as clients take them.
// Usage: node peer_ws.js PATH
'use strict';
const http = require('node:http');
const readline = require('node:readline');
const { WebSocketServer } = require('ws');

const server = http.createServer();
const live = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 1024 });
const ready = JSON.stringify({ type: 'ready', seq: 0, unread: 0, unseen: 0, retry_ms: 1000 });

live.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.send(ready);
});

async function broadcast(count, size) {
  for (let k = 1; k <= count; k++) {
    const text = JSON.stringify({ type: 'notification', id: String(k), seq: k, data: {
      type: 'system', title: String(k), body: 'x'.repeat(size), url: null, data: null, created_at: new Date().toISOString() } });
    for (const socket of live.clients)
      socket.send(text);
    await new Promise(setImmediate);
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, count, size] = line.split(' ');
  if (word === 'broadcast')
    broadcast(Number(count), Number(size));
}).on('close', () => process.exit(0));
server.listen(process.argv[2]);
