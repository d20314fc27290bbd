import { dump, load } from 'js-yaml';
import { applyDefaults } from '../crds/defaults.ts';
import { meshConfig } from '../crds/mesh-config.ts';
import type { MeshConfig } from '../crds/mesh-config.ts';
import type { CertificateAuthority, Injection, Telemetry } from '../crds/mesh-services.ts';
import { ca, injection, telemetry } from '../crds/mesh-services.ts';
import { object, withDefault } from '../crds/schema.ts';
import { withoutDefaults } from '../crds/without-defaults.ts';
import type { Proxy } from '../crds/mesh-workloads.ts';
import { proxy } from '../crds/mesh-workloads.ts';

/**
 * What istiod is told by file: the parts of a MeshControlPlane that it acts upon. The operator writes it into a
 * ConfigMap, istiod reads it from `--config`.
 */
export interface IstiodConfig {
  readonly meshConfig: MeshConfig;
  /** With `image` always set by the operator. */
  readonly proxy: Proxy;
  readonly ca: CertificateAuthority;
  readonly injection: Injection;
  readonly telemetry: Telemetry;
}

/** Key of the ConfigMap, and name of the file in istiod's container. */
export const istiodConfigKey = 'mesh.yaml';

/** Where the ConfigMap is mounted in istiod's container. */
export const istiodConfigFolder = '/etc/istio/config';

const wholeConfig = object('The configuration of istiod.', {
  meshConfig: withDefault(meshConfig, {}),
  proxy: withDefault(proxy, {}),
  ca: withDefault(ca, {}),
  injection: withDefault(injection, {}),
  telemetry: withDefault(telemetry, {}),
});

/**
 * The same text for the same configuration. What has its default is left out: a setting that a later operator knows
 * neither restarts an istiod nor confuses an older one, as long as nobody uses it.
 */
export function renderIstiodConfig(config: IstiodConfig): string {
  return dump(withoutDefaults(wholeConfig, config), { sortKeys: true, lineWidth: 120, noRefs: true });
}

/**
 * Reads YAML or JSON; whatever is left out has the default of MeshControlPlane's spec. Throws an Error that names
 * what is wrong.
 */
export function parseIstiodConfig(text: string): IstiodConfig {
  const root = asObject(load(text === '' ? '{}' : text), 'the configuration');
  const known = ['meshConfig', 'proxy', 'ca', 'injection', 'telemetry'];
  const unknown = Object.keys(root).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new Error(`unknown key ${unknown.join(', ')}; known are ${known.join(', ')}`);
  const part = (key: string): object => asObject(root[key] ?? {}, key);
  return {
    meshConfig: applyDefaults(meshConfig, part('meshConfig')),
    proxy: applyDefaults(proxy, part('proxy')),
    ca: applyDefaults(ca, part('ca')),
    injection: applyDefaults(injection, part('injection')),
    telemetry: applyDefaults(telemetry, part('telemetry')),
  };
}

function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name} must be an object`);
  }
  return Object.fromEntries(Object.entries(value));
}
