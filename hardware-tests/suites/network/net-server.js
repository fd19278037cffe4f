// Runs in test pods: says who it is over HTTP (8080, 9090) and UDP (8081). Its readiness can be switched from outside.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const name = process.env.SERVER_NAME ?? hostname();
const ports = (process.env.SERVER_PORTS ?? '8080,9090').split(',').map(Number);
let ready = process.env.SERVER_READY !== 'no';

function answer(request, response, port) {
  if (request.url === '/ready') response.statusCode = ready ? 200 : 503;
  if (request.url === '/become-ready') ready = true;
  if (request.url === '/become-unready') ready = false;
  response.end(JSON.stringify({ name, port, client: request.socket.remoteAddress.replace('::ffff:', '') }));
}

for (const port of ports) createServer((request, response) => answer(request, response, port)).listen(port, '0.0.0.0');
const udp = createSocket('udp4');
udp.on('message', (_message, from) => udp.send(JSON.stringify({ name, client: from.address }), from.port, from.address));
udp.bind(Number(process.env.SERVER_UDP_PORT ?? 8081));
// What it does when asked to end: goes on serving for a while, or is gone at once.
process.on('SIGTERM', () => setTimeout(() => process.exit(), Number(process.env.SERVER_LINGER_MS ?? 0)));
