import type { Random } from './random.ts';

type Mutation = (input: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

/** Tags that parsers of certificates know, and some that they must not take. */
const tags = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x30, 0x31, 0xa0, 0xa3, 0x80, 0x1f, 0xff] as const;
/** Lengths at which encodings change or overflow. */
const lengths: readonly [Buffer, ...Buffer[]] = [
  Buffer.of(0),
  Buffer.of(0x7f),
  Buffer.of(0x80),
  Buffer.of(0x81, 0xff),
  Buffer.of(0x82, 0xff, 0xff),
  Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff),
  Buffer.of(0x84, 0x7f, 0xff, 0xff, 0xff),
  Buffer.of(0x88, 0, 0, 0, 0, 0, 0, 0, 1),
  Buffer.of(0xff),
];
/** What texts with a structure are made of. */
const words = [
  '-----BEGIN CERTIFICATE REQUEST-----\n',
  '-----END CERTIFICATE REQUEST-----\n',
  '-----BEGIN ',
  '-----',
  '\n',
  '\r\n',
  '\0',
  '=',
  '.',
  '{',
  '"exp":1e999,',
  '\u{fffd}',
  'Proc-Type: 4,ENCRYPTED\n',
] as const;

const mutations: readonly [Mutation, ...Mutation[]] = [
  function flipBit(input, random) {
    return withByte(input, random.below(input.length), (byte) => byte ^ (1 << random.below(8)));
  },
  function setByte(input, random) {
    const value = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    return withByte(input, random.below(input.length), () => value);
  },
  function setTag(input, random) {
    return withByte(input, random.below(input.length), () => random.pick(tags));
  },
  function nudge(input, random) {
    return withByte(input, random.below(input.length), (byte) => byte + random.below(9) - 4);
  },
  function setLength(input, random) {
    const at = elementIn(input, random) + 1;
    return spliced(input, at, 1, random.pick(lengths));
  },
  function insert(input, random) {
    const bytes = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
    return spliced(input, random.below(input.length + 1), 0, bytes);
  },
  function insertWord(input, random) {
    return spliced(input, random.below(input.length + 1), 0, Buffer.from(random.pick(words)));
  },
  function remove(input, random) {
    return spliced(input, random.below(input.length), 1 + random.below(16), empty);
  },
  function truncate(input, random) {
    return input.subarray(0, random.below(input.length + 1));
  },
  function repeat(input, random) {
    const at = random.below(input.length);
    const piece = input.subarray(at, at + 1 + random.below(64));
    return spliced(input, at, 0, Buffer.concat(Array.from({ length: 1 + random.below(40) }, () => piece)));
  },
  function removeElement(input, random) {
    const at = elementIn(input, random);
    return spliced(input, at, 2 + (input[at + 1] ?? 0), empty);
  },
  function nest(input, random) {
    const at = elementIn(input, random);
    return spliced(input, at, 0, Buffer.from('3080'.repeat(1 + random.below(200)), 'hex'));
  },
  function cross(input, random, others) {
    const other = others[random.below(others.length)] ?? empty;
    const from = random.below(other.length);
    const piece = other.subarray(from, from + 1 + random.below(other.length - from));
    return spliced(input, random.below(input.length + 1), random.below(piece.length + 1), piece);
  },
];

const empty = Buffer.alloc(0);
/** Longer than anything that is looked at, so that limits are met, too. */
const longest = 40_000;

/** Between one and six changes of the input at random; pieces of `others` may get into it. */
export function mutate(input: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let mutated = input;
  const changes = 1 + random.below(random.pick([1, 1, 2, 6]));
  for (let change = 0; change < changes; change++) {
    mutated = random.pick(mutations)(mutated, random, others).subarray(0, longest);
  }
  return mutated;
}

function withByte(input: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(input);
  copy[at] = change(copy[at] ?? 0);
  return copy;
}

function spliced(input: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + removed)]);
}

/** Where something that looks like an element of DER begins: found by walking down from the start. */
function elementIn(input: Buffer, random: Random): number {
  let at = 0;
  for (let steps = random.below(24); steps > 0; steps--) {
    const length = input[at + 1] ?? 0;
    const contents = at + 2 + (length > 0x80 ? length & 3 : 0);
    // Into an element that holds others, or over one.
    const next = ((input[at] ?? 0) & 0x20) !== 0 ? contents : contents + length;
    if (next >= input.length) return at;
    at = next;
  }
  return at;
}
