/** The addresses of one cluster, all out of one /16, so that this machine needs a single route to it. */
export interface AddressPlan {
  /** The second number of `10.<n>.0.0/16`, from which all the others follow. */
  readonly block: number;
  readonly range: string;
  /** The two ends of the link between this machine and the node, in `linkBits`. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly linkBits: number;
  readonly serviceRange: string;
  /** The Services `kubernetes` and `kube-dns`. */
  readonly apiService: string;
  readonly dnsService: string;
  readonly podRange: string;
  /** What the controller manager gives to the first node of `podRange`. */
  readonly nodePodRange: string;
}

export function planOf(block: number): AddressPlan {
  const base = `10.${block}`;
  return {
    block,
    range: `${base}.0.0/16`,
    hostAddress: `${base}.0.1`,
    nodeAddress: `${base}.0.2`,
    linkBits: 30,
    serviceRange: `${base}.64.0/18`,
    apiService: `${base}.64.1`,
    dnsService: `${base}.64.10`,
    podRange: `${base}.128.0/17`,
    nodePodRange: `${base}.128.0/24`,
  };
}

const blocks = [...Array.from({ length: 55 }, (_, i) => 200 + i), ...Array.from({ length: 100 }, (_, i) => 100 + i)];

/**
 * The first plan whose range meets none of the addresses and ranges (`a.b.c.d` or `a.b.c.d/n`) that are in use.
 * @throws Error when there is none.
 */
export function choosePlan(used: readonly string[]): AddressPlan {
  const taken = used.map(parseRange).filter((range) => range !== undefined);
  for (const block of blocks) {
    const plan = planOf(block);
    const range = parseRange(plan.range);
    if (range && !taken.some((other) => overlap(range, other))) return plan;
  }
  throw new Error('no free range of addresses between 10.100.0.0/16 and 10.254.0.0/16 is left for a cluster');
}

/** First and last address of a range, as numbers. */
interface Range {
  readonly first: number;
  readonly last: number;
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Reads `a.b.c.d` or `a.b.c.d/n`; anything else (`default`, IPv6) is nothing. */
export function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  const [bytes, bits] = [match.slice(1, 5).map(Number), match[5] === undefined ? 32 : Number(match[5])];
  if (bytes.some((byte) => byte > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}
