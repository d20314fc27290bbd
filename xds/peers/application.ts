import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';

/**
 * The application behind the server's sidecar: HTTP/1.1 on 8080 and 8082, HTTP/2 without TLS on 8081 and 8083, a
 * protocol in which the server speaks first on 9000, an echo on 9001 and 7000. HTTP answers tell whom the sidecar saw.
 */
const bindings: Promise<void>[] = [];

function listening(server: { listen(port: number, host: string, done: () => void): unknown }, port: number): void {
  bindings.push(new Promise((resolve) => server.listen(port, '0.0.0.0', resolve)));
}

for (const port of [8080, 8082]) {
  listening(
    createHttpServer((request, response) => {
      response.end(`HTTP/1.1 ${String(request.headers['x-forwarded-client-cert'] ?? 'nobody')}`);
    }),
    port,
  );
}
for (const port of [8081, 8083]) {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(`HTTP/2 ${String(headers['x-forwarded-client-cert'] ?? 'nobody')}`);
  });
  listening(server, port);
}
listening(
  createTcpServer((socket) => {
    socket.on('error', () => undefined).end('server first');
  }),
  9000,
);
for (const port of [9001, 7000]) {
  listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined).on('data', (data) => socket.end(`echo ${data.toString()}`));
    }),
    port,
  );
}

await Promise.all(bindings);
console.log('ready');
