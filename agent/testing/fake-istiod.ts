/**
 * A process that stands in for istiod in the agent's integration test: a certificate authority, and an ADS (delta) that
 * answers each subscription by nothing, which is enough for Envoy to be ready. Writes the root and a token to where the
 * agent looks for them, and a JSON line for each ADS stream and certificate request to standard output.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerHttp2Stream } from 'node:http2';
import { dirname } from 'node:path';
import { TLSSocket } from 'node:tls';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { sidecar } from '../../lib/sidecar.ts';
import { frame, FrameReader } from '../grpc/frames.ts';
import { readFields } from '../wire/discovery.ts';
import { startFakeAuthority } from './fake-authority.ts';
import { makeTestRoot } from './test-certificates.ts';

const [spiffeId = '', lifetimeMs = '', port = ''] = process.argv.slice(2);
const root = makeTestRoot('root');
for (const [file, text] of [
  [sidecar.rootCertFile, root.pem],
  [sidecar.tokenFile, 'token'],
] as const) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
await startFakeAuthority({
  root,
  spiffeId,
  lifetimeMs: Number(lifetimeMs),
  serverName: 'localhost',
  port: Number(port),
  otherwise: (stream, path) => serveNothing(stream, path),
});
console.log(JSON.stringify({ listening: true }));

function serveNothing(stream: ServerHttp2Stream, path: string): void {
  const socket = stream.session?.socket;
  const caller = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  console.log(JSON.stringify({ stream: path, caller: caller?.subjectaltname }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  const reader = new FrameReader();
  stream.on('data', (chunk: Buffer) => {
    for (const message of reader.push(chunk)) {
      // DeltaDiscoveryRequest: type URL and nonce, which an acknowledgement has.
      const fields = new Map<number, string>();
      readFields(message, (field, value) => (field === 2 || field === 6) && Boolean(fields.set(field, value.string())));
      if (fields.has(6)) continue;
      const answer = new BinaryWriter().tag(4, WireType.LengthDelimited).string(fields.get(2) ?? '');
      stream.write(frame(answer.tag(5, WireType.LengthDelimited).string('1').finish()));
    }
  });
}
