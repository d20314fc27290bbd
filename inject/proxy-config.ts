import { load } from 'js-yaml';
import { isJsonObject } from '../config/admission-review.ts';
import { durationMs } from '../lib/duration.ts';

/** What a pod's `proxy.istio.io/config` may say (ProxyConfig of istio.io/api mesh/v1alpha1), as far as it has effect. */
export interface ProxyConfigOverride {
  readonly concurrency?: number;
  readonly terminationDrainSeconds?: number;
  readonly holdApplicationUntilProxyStarts?: boolean;
  readonly discoveryAddress?: string;
  readonly interceptionMode?: 'REDIRECT' | 'NONE';
  /** Further environment of the sidecar. */
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  /** Keys that are known to Istio and have no effect here, and those that nobody knows. */
  readonly ignored: readonly string[];
}

/** Reads the annotation's YAML; throws an Error that names the key which is wrong. */
export function parseProxyConfig(text: string): ProxyConfigOverride {
  const config: unknown = load(text) ?? {};
  if (!isJsonObject(config)) throw new Error('must be YAML of an object');
  const ignored = Object.keys(config).filter((key) => !Object.hasOwn(readers, key));
  const read = Object.entries(readers).flatMap(([key, reader]) => {
    const value = config[key];
    if (value === undefined || value === null) return [];
    const result = reader(value);
    if (result === undefined) throw new Error(`${key} is wrong; must be ${forms[key] ?? 'something else'}`);
    return [result];
  });
  return Object.assign({ ignored }, ...read) as ProxyConfigOverride;
}

type Partially = Partial<ProxyConfigOverride>;

const forms: Readonly<Record<string, string>> = {
  concurrency: 'a whole number',
  terminationDrainDuration: 'a duration such as 5s',
  holdApplicationUntilProxyStarts: 'true or false',
  discoveryAddress: 'host:port',
  interceptionMode: 'REDIRECT or NONE',
  proxyMetadata: 'a map of strings with names of environment variables',
};

const readers: Readonly<Record<string, (value: unknown) => Partially | undefined>> = {
  concurrency: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 ? { concurrency: value } : undefined,
  terminationDrainDuration: (value) => {
    const ms = typeof value === 'string' ? durationMs(value) : undefined;
    return ms === undefined ? undefined : { terminationDrainSeconds: Math.ceil(ms / 1000) };
  },
  holdApplicationUntilProxyStarts: (value) =>
    typeof value === 'boolean' ? { holdApplicationUntilProxyStarts: value } : undefined,
  discoveryAddress: (value) =>
    typeof value === 'string' && /^[^\s/]+:\d{1,5}$/.test(value) ? { discoveryAddress: value } : undefined,
  interceptionMode: (value) => (value === 'REDIRECT' || value === 'NONE' ? { interceptionMode: value } : undefined),
  proxyMetadata: (value) => {
    if (!isJsonObject(value)) return undefined;
    const entries = Object.entries(value).map(([name, text]): [string, string] | undefined =>
      /^[A-Za-z_]\w*$/.test(name) && ['string', 'number', 'boolean'].includes(typeof text)
        ? [name, String(text)]
        : undefined,
    );
    const good = entries.filter((entry) => entry !== undefined);
    return good.length === entries.length ? { proxyMetadata: Object.fromEntries(good) } : undefined;
  },
};
