import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

/** Asks the addresses of its arguments, `<http1|http2|tcp|listen>://<host>:<port>`, and prints the answers as JSON. */
type Ask = (host: string, port: number) => Promise<string>;

const patienceMs = 5000;

const askHttp1: Ask = (host, port) =>
  new Promise((resolve) => {
    request({ host, port, agent: false, timeout: patienceMs }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(`${String(response.statusCode)} ${Buffer.concat(parts).toString()}`));
    })
      .on('timeout', () => resolve('silence'))
      .on('error', () => resolve('refused'))
      .end();
  });

const askHttp2: Ask = (host, port) =>
  new Promise((resolve) => {
    const session = connectHttp2(`http://${host}:${String(port)}`);
    const done = (answer: string) => {
      session.destroy();
      resolve(answer);
    };
    session.on('error', () => done('refused')).on('close', () => done('refused'));
    session.setTimeout(patienceMs, () => done('silence'));
    const stream = session.request({ ':path': '/' });
    let status = '';
    let body = '';
    stream
      .on('response', (headers) => (status = String(headers[':status'])))
      .on('data', (part: Buffer) => (body += part.toString()))
      .on('error', () => done('refused'))
      .on('end', () => done(`${status} ${body}`));
  });

const ask =
  (first: string): Ask =>
  (host, port) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: patienceMs });
      let answer = '';
      if (first !== '') socket.write(first);
      socket
        .on('data', (data) => (answer += data.toString()))
        .on('timeout', () => {
          answer ||= 'silence';
          socket.destroy();
        })
        .on('error', () => undefined)
        .on('close', () => resolve(answer === '' ? 'refused' : answer.trim()));
    });

const askers: Readonly<Record<string, Ask>> = {
  http1: askHttp1,
  http2: askHttp2,
  // A whole line: Envoy's sniffing waits for the end of what might become a request line.
  tcp: ask('client first\n'),
  listen: ask(''),
};

const answers = await Promise.all(
  process.argv.slice(2).map(async (address) => {
    const [, protocol = '', host = '', port = ''] = /^(\w+):\/\/(.+):(\d+)$/.exec(address) ?? [];
    const asker = askers[protocol];
    if (asker === undefined) throw new Error(`no such protocol: ${address}`);
    return [address, await asker(host, Number(port))] as const;
  }),
);
console.log(JSON.stringify(Object.fromEntries(answers)));
process.exit(0);
