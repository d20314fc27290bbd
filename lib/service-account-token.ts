/** What is read of a token before it is believed: enough to refuse the hopeless and to know how long to remember. */
export interface TokenClaims {
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly expires: number;
}

/** Longest token that is looked at, characters; projected tokens have some 1,200. */
const maxTokenLength = 16_384;

/**
 * Reads the claims of a projected service account token (a JWT, RFC 7519) without checking its signature: that is the
 * API server's part. Undefined for anything that cannot be such a token.
 */
export function readTokenClaims(token: string): TokenClaims | undefined {
  if (token.length > maxTokenLength || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  const payload = parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const { aud, exp } = payload ?? {};
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (typeof exp !== 'number' || !audiences.every((audience) => typeof audience === 'string')) return undefined;
  return { audiences, expires: exp };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
