import type { KubeClient } from './client.ts';
import { apiVersionOf, tokenReviews } from './resources.ts';
import type { TokenReview } from './types.ts';

/** What the API server says of a token. */
export type TokenVerdict =
  | {
      readonly authenticated: true;
      readonly namespace: string;
      readonly serviceAccount: string;
      /** The pod that the token is bound to; such a token dies with it. */
      readonly pod?: { readonly name: string; readonly uid: string };
    }
  | { readonly authenticated: false; readonly reason: string };

/**
 * Asks the API server whether `token` is that of a service account, made for `audience` (authentication.k8s.io/v1
 * TokenReview). Rejects with KubeError or a network error when there is no answer.
 */
export async function reviewToken(
  client: Pick<KubeClient, 'create'>,
  token: string,
  audience: string,
): Promise<TokenVerdict> {
  const answer = await client.create(tokenReviews, {
    apiVersion: apiVersionOf(tokenReviews),
    kind: tokenReviews.kind,
    metadata: { name: '' },
    spec: { token, audiences: [audience] },
  });
  return readTokenReview(answer, audience);
}

/** The verdict in an answered TokenReview. */
export function readTokenReview({ status }: Pick<TokenReview, 'status'>, audience: string): TokenVerdict {
  if (status?.authenticated !== true) {
    return refuse(`the API server does not know the token: ${status?.error ?? 'no reason given'}`);
  }
  // A server that knows nothing of audiences leaves them out; its "yes" is for another audience, maybe.
  if (status.audiences?.includes(audience) !== true) return refuse(`the token is not for audience ${audience}`);
  const user = status.user?.username ?? '';
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:/]+):([^:/]+)$/.exec(user) ?? [];
  if (namespace === undefined || serviceAccount === undefined) return refuse(`"${user}" is not a service account`);
  const name = status.user?.extra?.['authentication.kubernetes.io/pod-name']?.[0];
  const uid = status.user?.extra?.['authentication.kubernetes.io/pod-uid']?.[0];
  const pod = name === undefined || uid === undefined ? {} : { pod: { name, uid } };
  return { authenticated: true, namespace, serviceAccount, ...pod };
}

function refuse(reason: string): TokenVerdict {
  return { authenticated: false, reason };
}
