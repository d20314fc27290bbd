import type { Infer, InferInput } from './schema.ts';
import {
  array,
  boolean,
  enumeration,
  integer,
  intOrString,
  number,
  object,
  required,
  string,
  withDefault,
} from './schema.ts';

/** A number of things, or a share of them in percent. */
function amount(description: string) {
  return intOrString(description, {
    maxLength: 4,
    rules: [
      {
        rule: "type(self) == int ? self >= 1 : self.matches('^([1-9][0-9]?|100)%$')",
        message: 'must be a number from 1 on, or a share from 1% to 100%, such as 2 or 25%',
      },
    ],
  });
}

function duration(description: string, least: string) {
  return string(description, {
    maxLength: 32,
    rules: [
      {
        rule: `duration(self) >= duration('${least}')`,
        message: `must be a duration of ${least} or more, such as 90s or 10m`,
      },
    ],
  });
}

const batches = object('How the workloads are divided.', {
  by: withDefault(
    enumeration('What a batch consists of: whole namespaces, or workloads whatever their namespace.', [
      'Namespace',
      'Workload',
    ]),
    'Workload',
  ),
  size: withDefault(amount('Namespaces or workloads of a batch: a number, or a share of all, rounded up.'), '20%'),
});

const successRate = object('Holds the share of requests that the moved workloads answer without a 5xx.', {
  enabled: withDefault(boolean('Whether it is measured.'), true),
  maxDrop: withDefault(
    number('By how many percentage points it may be lower than before.', {
      format: 'double',
      minimum: 0,
      maximum: 100,
    }),
    1,
  ),
  minRequests: withDefault(
    integer('Requests that have to be seen before it is judged.', { format: 'int32', minimum: 1 }),
    50,
  ),
});

const latency = object('Holds the time in which 99% of requests are answered by the moved workloads.', {
  enabled: withDefault(boolean('Whether it is measured.'), true),
  maxIncreasePercent: withDefault(
    integer('By how many percent it may be longer than before.', { format: 'int32', minimum: 0 }),
    100,
  ),
  minimumMilliseconds: withDefault(
    integer('Times up to this are never too long.', { format: 'int32', minimum: 0 }),
    100,
  ),
  minRequests: withDefault(
    integer('Requests that have to be seen before it is judged.', { format: 'int32', minimum: 1 }),
    200,
  ),
});

const gates = object('What has to hold for the next batch to begin.', {
  proxiesSynced: withDefault(boolean('All sidecars of the new revision have acknowledged what they were sent.'), true),
  noRejections: withDefault(boolean('No sidecar has rejected what the new revision sent.'), true),
  noCrashLoops: withDefault(boolean('No container of a moved pod keeps ending, other than before.'), true),
  successRate: withDefault(successRate, {}),
  latency: withDefault(latency, {}),
  timeout: withDefault(
    duration('How long the new istiod, or the pods of a batch with their sidecars, may take to be ready.', '10s'),
    '10m',
  ),
});

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

function timeOfDay(description: string) {
  return string(description, {
    maxLength: 5,
    rules: [
      {
        rule: "self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",
        message: 'must be a time of day from 00:00 to 23:59, such as 22:30',
      },
    ],
  });
}

const upgradeWindow = object('A time in which workloads may be moved.', {
  days: array('Days on which it begins; all of them when left out.', enumeration('A day.', dayNames), { maxItems: 7 }),
  from: required(timeOfDay('When it begins.')),
  to: required(timeOfDay('When it ends; on the next day when not later than the beginning.')),
  timeZone: withDefault(
    string('Time zone of the times, a name of the IANA database such as Europe/Berlin.', {
      minLength: 1,
      maxLength: 64,
    }),
    'UTC',
  ),
});

export const upgrade = object('How another version or configuration replaces the one that runs.', {
  strategy: withDefault(
    enumeration(
      'InPlace replaces istiod pod by pod, and sidecars follow when their pods are next started; Canary runs the new istiod beside the old one and moves the workloads over.',
      ['InPlace', 'Canary'],
    ),
    'InPlace',
  ),
  paused: withDefault(boolean('Hold everything as it is: nothing is moved, in either direction.'), false),
  batches: withDefault(batches, {}),
  pauseBetween: withDefault(duration('How long a batch is watched before the next one begins.', '0s'), '1m'),
  maxUnavailable: withDefault(
    amount('Workloads of a batch that are restarted at the same time: a number, or a share rounded down.'),
    1,
  ),
  gates: withDefault(gates, {}),
  autoRollback: withDefault(boolean('Move everything back by itself when a gate fails.'), true),
  windows: withDefault(
    array('When workloads may be moved; always when empty. Moving back is not held by them.', upgradeWindow, {
      maxItems: 16,
    }),
    [],
  ),
  force: withDefault(
    boolean(
      'Allow an older version, leaving out a minor version, and to begin although preflight checks found something (condition Upgradeable) that may turn out well.',
    ),
    false,
  ),
  attempt: withDefault(
    integer('Raise it to have an upgrade tried once more that has failed or was rolled back.', {
      format: 'int32',
      minimum: 0,
    }),
    0,
  ),
  inactiveRevisionDeletionGracePeriod: withDefault(
    duration('How long a former revision that nothing uses any more is kept.', '0s'),
    '30s',
  ),
});

const count = (description: string) => integer(description, { format: 'int32', minimum: 0 });
const time = (description: string) => string(description, { format: 'date-time' });

const named = object('A workload and what there is to say of it.', {
  workload: required(string('Kind, namespace and name, such as Deployment shop/cart.')),
  message: required(string('What keeps it.', { maxLength: 1024 })),
});

const gate = object('What one gate found.', {
  name: required(string('Name of the gate, as in the spec.')),
  state: required(
    enumeration('What came of it. Unknown does not hold the upgrade.', ['Waiting', 'Passed', 'Failed', 'Unknown']),
  ),
  message: required(string('The same for people to read.', { maxLength: 2048 })),
  before: string('What was measured before the batch was moved.', { maxLength: 256 }),
  after: string('What was measured since.', { maxLength: 256 }),
});

const measurement = object('What sidecars have counted.', {
  requests: required(integer('Requests.', { format: 'int64', minimum: 0 })),
  failures: required(integer('How many of them were answered with 5xx.', { format: 'int64', minimum: 0 })),
  p99Milliseconds: number('Time in which 99% were answered.', { format: 'double', minimum: 0 }),
});

const batch = object('The batch that was begun last.', {
  index: required(count('Its number, from 1 on.')),
  of: required(count('How many there are, as things stand.')),
  through: required(string('The last workload, in their order, that may be moved by now.', { maxLength: 400 })),
  startTime: required(time('When it was begun.')),
  arrived: required(count('How many of its workloads run on the new revision.')),
  progressTime: required(time('When the last of its workloads was moved or arrived.')),
  arrivalTime: time('When all its workloads ran on the new revision.'),
  workloads: array('The first of its workloads.', string('A workload.'), { maxItems: 20 }),
  size: required(count('How many workloads it has.')),
  unavailableBefore: array(
    'Its workloads that had failing pods before; these are not held against the upgrade.',
    string('A workload.'),
    {
      maxItems: 100,
    },
  ),
  rejectionsBefore: integer('Responses of the new istiod that sidecars had rejected before.', {
    format: 'int64',
    minimum: 0,
  }),
  before: measurement,
});

const failure = object('Why the upgrade did not go on.', {
  reason: required(
    enumeration('The kind of failure.', ['GateFailed', 'Timeout', 'ControlPlaneNotReady', 'Superseded']),
  ),
  message: required(string('The same for people to read.', { maxLength: 4096 })),
  time: required(time('When it was found.')),
});

export const upgradePhases = [
  'Installing',
  'Waiting',
  'Moving',
  'Soaking',
  'Paused',
  'Failed',
  'RollingBack',
  'RolledBack',
  'Completed',
] as const;

export const upgradeStatus = object('The upgrade that is under way, or the last one.', {
  strategy: required(enumeration('How it is done.', ['InPlace', 'Canary'])),
  phase: required(enumeration('Where it stands.', upgradePhases)),
  progress: required(string('The same in short, with the number of the batch.', { maxLength: 64 })),
  message: required(string('What is being done or waited for.', { maxLength: 4096 })),
  from: required(string('The MeshRevision that is replaced.')),
  to: required(string('The MeshRevision that replaces it.')),
  fromRevision: required(string('Name of the former in istio.io/rev.')),
  toRevision: required(string('Name of the latter in istio.io/rev, and in the annotation of the moved pods.')),
  fromAnnotated: required(
    boolean('Whether workloads carried the name of the former in their annotation, so that they get it back.'),
  ),
  fromVersion: required(string('Version of the former.')),
  toVersion: required(string('Version of the latter.')),
  attempt: required(count('The attempt, as in the spec.')),
  startTime: required(time('When it began.')),
  phaseTime: required(time('Since when it is in its phase.')),
  completionTime: time('When it was completed or rolled back.'),
  batch,
  workloads: object('Workloads with sidecars of this control plane that can be moved.', {
    total: required(count('How many there are.')),
    moved: required(count('How many of them run on the new revision.')),
    unmovable: required(count('Others, whose pods have to be restarted by whoever made them.')),
  }),
  laggards: array('The first of the workloads that are waited for.', named, { maxItems: 10 }),
  unmovable: array('The first of the workloads that cannot be moved.', named, { maxItems: 10 }),
  gates: array('The gates of the last batch.', gate, { mapKeys: ['name'] }),
  failure,
});

export type Upgrade = Infer<typeof upgrade>;
export type UpgradeInput = InferInput<typeof upgrade>;
export type UpgradeWindow = Infer<typeof upgradeWindow>;
export type UpgradeStatus = Infer<typeof upgradeStatus>;
export type UpgradePhase = UpgradeStatus['phase'];
export type UpgradeBatch = Infer<typeof batch>;
export type UpgradeGate = Infer<typeof gate>;
export type UpgradeFailure = Infer<typeof failure>;
export type UpgradeMeasurement = Infer<typeof measurement>;
