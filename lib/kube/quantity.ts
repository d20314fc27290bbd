/** Powers of ten and of two by suffix (k8s.io/apimachinery resource.Quantity). */
const factors: ReadonlyMap<string, number> = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
  ['Ei', 2 ** 60],
]);

/** The value of a quantity such as `500m`, `1.5Gi`, `2e3` or 4; undefined when it is none. */
export function parseQuantity(quantity: unknown): number | undefined {
  if (typeof quantity === 'number') return quantity;
  if (typeof quantity !== 'string') return undefined;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(quantity);
  const factor = factors.get(match?.[2] ?? '');
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/** Whether two quantities are the same amount, however they are written: `0.5` and `500m`, `1024Mi` and `1Gi`. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const left = parseQuantity(a);
  const right = parseQuantity(b);
  if (left === undefined || right === undefined) return false;
  // Floating point: `0.1` and `100m` differ in the last bit.
  return Math.abs(left - right) <= Math.max(Math.abs(left), Math.abs(right)) * 1e-12;
}
