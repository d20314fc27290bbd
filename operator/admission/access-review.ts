import type { KubeClient } from '../../lib/kube/client.ts';
import { subjectAccessReviews } from '../../lib/kube/resources.ts';
import { ShortMemory } from '../../lib/short-memory.ts';
import type { Access } from './access.ts';
import { accessTo, keyOfAccess } from './access.ts';
import type { Grant, NeededAccess } from './needed-access.ts';
import type { User } from './user.ts';

/** Tells which of the accesses a user lacks. Rejects when the API server cannot be asked. */
export interface AccessReviewer {
  missing(user: User, needed: NeededAccess): Promise<readonly Access[]>;
}

export interface AccessReviewerOptions {
  readonly client: Pick<KubeClient, 'create'>;
  readonly now?: () => number;
}

/** A change of somebody's roles takes effect after this time at the latest. */
const memoryMs = 5_000;
const maxRemembered = 5_000;
/** Together with the other requests of a review they have to end within the webhook's own time. */
const timeoutMs = 4_000;
/** Reviews that are asked for at the same time. */
const concurrency = 16;

/** Whoever may do everything is asked for once. */
const everything: Access = { verb: '*', group: '*', resource: '*' };

/** Asks by SubjectAccessReviews (authorization.k8s.io/v1), so that every authorizer of the cluster is heard. */
export function createAccessReviewer({ client, now = Date.now }: AccessReviewerOptions): AccessReviewer {
  const memory = new ShortMemory<boolean>(maxRemembered, now);
  const isAllowed = (user: User, access: Access): Promise<boolean> =>
    memory.get(`${JSON.stringify(user)} ${keyOfAccess(access)}`, async () => {
      const review = { metadata: { name: '' }, spec: { ...subjectOf(user), resourceAttributes: access } };
      const { status } = await client.create(subjectAccessReviews, review, { timeoutMs });
      return { value: status?.allowed === true && status.denied !== true, expires: now() + memoryMs };
    });
  const missingOf = async (user: User, accesses: readonly Access[]): Promise<readonly Access[]> => {
    const missing: Access[] = [];
    for (let start = 0; start < accesses.length; start += concurrency) {
      const batch = accesses.slice(start, start + concurrency);
      const allowed = await Promise.all(batch.map((access) => isAllowed(user, access)));
      missing.push(...batch.filter((_, index) => allowed[index] !== true));
    }
    return missing;
  };
  return {
    missing: async (user, { accesses, grants }) => {
      if (accesses.length === 0 && grants.length === 0) return [];
      if (await isAllowed(user, everything)) return [];
      const missing = [...(await missingOf(user, accesses))];
      for (const grant of grants) {
        const lacking = await missingOf(user, grant.accesses);
        if (lacking.length > 0 && (await missingOf(user, exemptionsOf(grant))).length > 0) missing.push(...lacking);
      }
      return missing;
    },
  };
}

/** With these verbs somebody may hand on what they do not hold. */
function exemptionsOf({ role, namespace }: Grant): readonly Access[] {
  const place = namespace === undefined ? {} : { namespace };
  return ['escalate', 'bind'].map((verb) => accessTo(role, verb, place));
}

function subjectOf({ username, uid, groups, extra }: User) {
  return { user: username, groups, extra, ...(uid === undefined ? {} : { uid }) };
}
