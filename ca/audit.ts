import type { Caller } from '../lib/identity.ts';
import { spiffeId } from '../lib/identity.ts';
import { TokenBuckets } from '../lib/kube/token-buckets.ts';
import type { LogFields, Logger } from '../lib/logger.ts';
import type { IssuedCertificate } from './certificate.ts';

/** Who asked, as far as is known. */
export interface Asker {
  readonly caller?: Caller | undefined;
  /** IP address. */
  readonly peer?: string | undefined;
}

/** What is written of one certificate. */
export interface IssuanceRecord extends Asker {
  readonly names: readonly string[];
  readonly certificate: IssuedCertificate;
  /** Serial number of the certificate that signed, hexadecimal. */
  readonly issuer: string;
  readonly time: Date;
}

/** The audit trail of the certificate service: who got what, and who was refused why. It holds neither keys nor tokens. */
export interface Audit {
  /** Every one is written. */
  issued(record: IssuanceRecord): void;
  /** Written unless there are so many that they would fill a disk; what is left out is counted in the next one. */
  refused(asker: Asker, reason: string): void;
}

/** Lines about refusals: so many at once, then one in so many milliseconds. At most 30 MB a day are written in all. */
const refusalsOfAll = { burst: 200, refillMs: 1_000, maxBuckets: 1 };
/** Of one who is refused, so that others' refusals are seen beside a flood. */
const refusalsOfOne = { burst: 20, refillMs: 10_000, maxBuckets: 10_000 };
/** Reasons may quote what was sent. */
const maxReasonLength = 300;

/** `now` is in milliseconds and only grows. */
export function createAudit(logger: Logger, now: () => number = () => performance.now()): Audit {
  const ofAll = new TokenBuckets(refusalsOfAll, now);
  const ofOne = new TokenBuckets(refusalsOfOne, now);
  let leftOut = 0;
  return {
    issued({ names, certificate, issuer, time, ...asker }) {
      logger.info('certificate issued', {
        ...describe(asker),
        serial: certificate.serial,
        names,
        ttlSeconds: Math.round((certificate.notAfter.getTime() - time.getTime()) / 1000),
        notAfter: certificate.notAfter.toISOString(),
        issuer,
      });
    },
    refused(asker, reason) {
      const who = describe(asker);
      if (!ofOne.take(`${who.caller ?? ''} ${who.peer ?? ''}`) || !ofAll.take('')) {
        leftOut++;
        return;
      }
      const text = reason.length > maxReasonLength ? `${reason.slice(0, maxReasonLength)}…` : reason;
      logger.warn('certificate refused', { ...who, reason: text, ...(leftOut === 0 ? {} : { leftOut }) });
      leftOut = 0;
    },
  };
}

interface Description extends LogFields {
  readonly caller?: string;
  readonly peer?: string;
}

function describe({ caller, peer }: Asker): Description {
  const where = peer === undefined ? {} : { peer };
  if (caller === undefined) return where;
  const { identity, provenBy, pod } = caller;
  return {
    caller: spiffeId(identity),
    provenBy,
    ...(pod === undefined ? {} : { pod: `${identity.namespace}/${pod.name}`, podUid: pod.uid }),
    ...where,
  };
}
