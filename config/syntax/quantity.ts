const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const form = /^(?<amount>[+-]?(?:\d+\.?\d*|\.\d+))(?:(?<suffix>[numkMGTPE]|[KMGTPE]i)|(?<exponent>[eE][+-]?\d+))?$/;

/** The amount that a Kubernetes quantity (`100m`, `128Mi`, 2) stands for; undefined where it is none. */
export function quantityAmount(quantity: number | string): number | undefined {
  const { amount, suffix = '', exponent = '' } = form.exec(String(quantity))?.groups ?? {};
  const factor = suffixes[suffix];
  return amount === undefined || factor === undefined ? undefined : Number(amount + exponent) * factor;
}
