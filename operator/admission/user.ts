import { isJsonObject } from '../../config/admission-review.ts';

/** `userInfo` of an admission request (authentication.k8s.io/v1). */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Undefined when it names nobody. What is malformed in the rest counts as absent, which gives nobody more. */
export function parseUser(userInfo: unknown): User | undefined {
  if (!isJsonObject(userInfo) || typeof userInfo.username !== 'string' || userInfo.username === '') return undefined;
  const { username, uid, groups, extra } = userInfo;
  const extras = isJsonObject(extra) ? Object.entries(extra).map(([key, values]) => [key, texts(values)] as const) : [];
  return {
    username,
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: texts(groups),
    extra: Object.fromEntries(extras),
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
}
