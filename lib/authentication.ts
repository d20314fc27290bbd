import { createHash } from 'node:crypto';
import { describeError } from './errors.ts';
import type { Caller } from './identity.ts';
import type { TokenVerdict } from './kube/token-review.ts';
import { readPeerCertificate } from './peer-certificate.ts';
import { readTokenClaims } from './service-account-token.ts';
import { ShortMemory } from './short-memory.ts';
import { Turns } from './turns.ts';

/** What a caller shows to prove who it is; see `lib/grpc-credentials.ts` for where it comes from. */
export interface Credentials {
  /** The certificate of its TLS connection, DER, whose chain TLS has verified. */
  readonly peerCertificate?: Buffer;
  /** The `authorization` header. */
  readonly authorization?: string;
}

/** Proves who calls; rejects with {@link AuthenticationError}. */
export type Authenticate = (credentials: Credentials) => Promise<Caller>;

export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  /** `unavailable` when nobody could be asked, so that the same credentials may be good a moment later. */
  readonly kind: 'unauthenticated' | 'unavailable';

  constructor(kind: 'unauthenticated' | 'unavailable', message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

export interface AuthenticatorOptions {
  readonly trustDomain: string;
  /** Usually `reviewToken` of `lib/kube/token-review.ts` with the same audience. */
  readonly reviewToken: (token: string) => Promise<TokenVerdict>;
  readonly audience: string;
  /** Whether the pod of this uid was seen to go: its token is refused from then on, whatever was or is said of it. */
  readonly isPodGone?: (uid: string) => boolean;
  readonly now?: () => number;
}

/** How long the API server's word about a token is believed, milliseconds (ADR 17). */
export const reviewMemoryMs = 10_000;
const maxRememberedReviews = 10_000;

/** Asked more at once, an API server answers fewer in all: 660 a second of 32 at once, 1,400 of 4 (two cores). */
const reviews = { atOnce: 4, maxWaiting: 5_000 };

/** A client certificate of the mesh is enough; failing that, a projected service account token. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const authenticateToken = tokenAuthenticator(options);
  const now = options.now ?? Date.now;
  return async ({ peerCertificate, authorization }) => {
    const reasons: string[] = [];
    if (peerCertificate !== undefined) {
      const verdict = readPeerCertificate(peerCertificate, options.trustDomain, new Date(now()));
      if (verdict.accepted) return { identity: verdict.identity, provenBy: 'client-certificate' };
      reasons.push(verdict.reason);
    }
    if (authorization !== undefined) {
      const verdict = await authenticateToken(authorization);
      if (typeof verdict !== 'string') return verdict;
      reasons.push(verdict);
    }
    const why = reasons.length === 0 ? 'neither a client certificate nor a token was shown' : reasons.join('; ');
    throw new AuthenticationError('unauthenticated', why);
  };
}

/** Gives the caller, or why the header proves none. */
function tokenAuthenticator(options: AuthenticatorOptions): (authorization: string) => Promise<Caller | string> {
  const now = options.now ?? Date.now;
  const memory = new ShortMemory<TokenVerdict>(maxRememberedReviews, now);
  const turns = new Turns(reviews);
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const claims = token === undefined ? undefined : readTokenClaims(token);
    if (token === undefined || claims === undefined) return 'the authorization header is not a service account token';
    if (!claims.audiences.includes(options.audience)) return `the token is not for audience ${options.audience}`;
    if (claims.expires * 1000 <= now()) return 'the token has expired';
    const key = createHash('sha256').update(token).digest('base64');
    const verdict = await memory.get(key, async () => {
      const value = await ask(options, turns, token);
      const expires = Math.min(now() + reviewMemoryMs, claims.expires * 1000);
      // A refusal is not kept: what is refused now may be a token that the server is about to know.
      return { value, expires: value.authenticated ? expires : 0 };
    });
    if (!verdict.authenticated) return verdict.reason;
    // The API server itself believes a token for some seconds longer than its pod lives.
    const { pod } = verdict;
    if (pod !== undefined && options.isPodGone?.(pod.uid) === true) return `the token's pod ${pod.name} is gone`;
    return callerOf(verdict, options.trustDomain);
  };
}

async function ask(options: AuthenticatorOptions, turns: Turns, token: string): Promise<TokenVerdict> {
  try {
    return await turns.take(() => options.reviewToken(token));
  } catch (error) {
    const message = `the API server could not be asked about the token: ${describeError(error)}`;
    throw new AuthenticationError('unavailable', message, error);
  }
}

function callerOf(verdict: TokenVerdict & { readonly authenticated: true }, trustDomain: string): Caller {
  const { namespace, serviceAccount, pod } = verdict;
  const identity = { trustDomain, namespace, serviceAccount };
  return { identity, provenBy: 'service-account-token', ...(pod === undefined ? {} : { pod }) };
}
