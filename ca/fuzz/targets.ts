import { generateKeyPairSync } from 'node:crypto';
import { AuthenticationError, createAuthenticator } from '../../lib/authentication.ts';
import { AuthorityError, makeSelfSigned, openAuthority, readCertificates } from '../authority.ts';
import { decode, DerError, encode } from '../der.ts';
import { decodePem, encodePem, PemError } from '../pem.ts';
import { parseSigningRequest, SigningRequestError } from '../signing-request.ts';
import { makeRequestDer } from '../signing-request.testing.ts';

/** A parser of what strangers send, and good inputs of it. */
export interface Target {
  readonly seeds: readonly Buffer[];
  /**
   * Takes the input or refuses it in its own words: resolves to whether it was taken. Rejects when the parser failed in
   * any other way, or took what it must not.
   */
  readonly run: (input: Buffer) => Promise<boolean>;
}

/** By name; each is fed by turns. */
export async function makeTargets(): Promise<Readonly<Record<string, Target>>> {
  const requests = requestSeeds();
  const pem = (der: Buffer): string => encodePem('CERTIFICATE REQUEST', der);
  const files = await makeSelfSigned({ trustDomain: 'a', keyType: 'ECDSA-P256', lifetimeMs: 1e9, now: new Date() });
  const certificate = decodePem(files.caCert)[0]?.der ?? Buffer.alloc(0);
  const texts = [...requests.map(pem), files.caCert, files.caCert + files.caCert, files.caKey].map((it) =>
    Buffer.from(it),
  );
  return {
    der: { seeds: [...requests, certificate], run: (input) => refusedBy(DerError, () => checkDer(input)) },
    request: {
      seeds: requests,
      run: (input) => refusedBy(SigningRequestError, () => checkRequest(pem(input))),
    },
    requestText: {
      seeds: texts,
      run: (input) => refusedBy(SigningRequestError, () => checkRequest(input.toString('utf8'))),
    },
    pem: { seeds: texts, run: (input) => refusedBy(PemError, () => decodePem(input.toString('utf8'))) },
    certificates: {
      seeds: [certificate],
      run: (input) => refusedBy(AuthorityError, () => readCertificates(encodePem('CERTIFICATE', input), 'cert')),
    },
    authority: {
      seeds: [certificate],
      run: (input) => {
        const changed = encodePem('CERTIFICATE', input);
        return refusedBy(AuthorityError, () =>
          openAuthority({ ...files, caCert: changed, rootCert: changed }, new Date()),
        );
      },
    },
    authorityKey: {
      seeds: [Buffer.from(files.caKey)],
      run: (input) =>
        refusedBy(AuthorityError, () => openAuthority({ ...files, caKey: input.toString('utf8') }, new Date())),
    },
    token: { seeds: [Buffer.from(`Bearer ${token}`)], run: checkToken() },
  };
}

async function refusedBy(kind: new (...args: never[]) => Error, parse: () => unknown): Promise<boolean> {
  try {
    await parse();
    return true;
  } catch (error) {
    if (!(error instanceof kind) || /undefined|\[object/.test(error.message)) throw error;
    return false;
  }
}

/** What is taken for DER is its one encoding. */
function checkDer(input: Buffer): void {
  if (!encode(decode(input)).equals(input)) throw new Error('another encoding of it was taken');
}

/** A key that was taken has to be one that the certificate's readers take, in its one encoding. */
async function checkRequest(text: string): Promise<void> {
  const { publicKey } = await parseSigningRequest(text);
  if (!encode(decode(publicKey)).equals(publicKey)) throw new Error('a public key that is not DER was taken');
  const { publicKey: again } = await parseSigningRequest(text);
  if (!again.equals(publicKey)) throw new Error('the same request had two keys');
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${part({ alg: 'RS256' })}.${part({ aud: ['istio-ca'], exp: 4e9, sub: 'a' })}.c2lnbmF0dXJl`;

/** The API server of this target knows no token but the good one, to the letter. */
function checkToken(): Target['run'] {
  const authenticate = createAuthenticator({
    trustDomain: 'cluster.local',
    audience: 'istio-ca',
    reviewToken: (shown) =>
      Promise.resolve(
        shown === token
          ? { authenticated: true, namespace: 'a', serviceAccount: 'b' }
          : { authenticated: false, reason: 'not known' },
      ),
  });
  return (input) => refusedBy(AuthenticationError, () => authenticate({ authorization: input.toString('latin1') }));
}

function requestSeeds(): readonly Buffer[] {
  const keys = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ];
  const all = keys.map(({ privateKey }) => makeRequestDer({ key: privateKey }));
  const [first] = keys;
  return first === undefined ? all : [...all, makeRequestDer({ key: first.privateKey, attributes: [] })];
}
