import { isDeepStrictEqual } from 'node:util';
import { istiodConfigKey, parseIstiodConfig } from '../../config/istiod-config.ts';
import type { ConfigMap, Deployment } from '../../lib/kube/types.ts';
import { istiodContainer } from '../names.ts';
import type { RevisionHome, RevisionRecord } from './revision-record.ts';
import { recordOf } from './revision-record.ts';

/** What the objects do not say, or do not say by themselves. */
export interface AdoptionFacts {
  readonly revision: string;
  readonly version: string;
  /** The Secrets that the operator adds to the configuration where the spec names none; they are no content. */
  readonly addedPullSecrets: readonly { readonly name: string }[];
}

/** The objects of an istiod, as they are. */
export interface LiveIstiod {
  readonly deployment: Deployment | undefined;
  readonly configuration: ConfigMap | undefined;
}

/**
 * The record of an istiod that has none: it was installed before there were records, or somebody has deleted its own.
 * Undefined where there is no istiod, or its objects cannot be read.
 */
export function adoptedRecord(
  home: RevisionHome,
  { deployment, configuration }: LiveIstiod,
  { revision, version, addedPullSecrets }: AdoptionFacts,
): RevisionRecord | undefined {
  const istiod = deployment?.spec?.template?.spec?.containers?.find(({ name }) => name === istiodContainer)?.image;
  const text = configuration?.data?.[istiodConfigKey];
  if (istiod === undefined || text === undefined) return undefined;
  const config = readable(text);
  if (config?.proxy.image === undefined) return undefined;
  const { meshConfig, injection, telemetry } = config;
  const { image, imagePullSecrets, ...rest } = config.proxy;
  const isAdded = imagePullSecrets === undefined || isDeepStrictEqual(imagePullSecrets, addedPullSecrets);
  const proxy = isAdded ? rest : { ...rest, imagePullSecrets };
  const content = { version, images: { istiod, proxy: image }, meshConfig, proxy, injection, telemetry };
  const own = recordOf(home, content);
  // The istiod of a revision that runs beside others is named after its record.
  return own.name === revision ? own : recordOf(home, content, revision);
}

function readable(text: string): ReturnType<typeof parseIstiodConfig> | undefined {
  try {
    return parseIstiodConfig(text);
  } catch {
    return undefined;
  }
}
