import { posix } from 'node:path';
import { sidecar } from '../lib/sidecar.ts';
import type { JsonObject, Volume } from './pod.ts';
import type { PodOptions } from './pod-options.ts';

/** How long a token for the certificate service is good, seconds; the kubelet renews it in time. Istio's value. */
const tokenExpirationSeconds = 43_200;

/** The sidecar's volumes, see `lib/sidecar.ts`. */
export function sidecarVolumes({ userVolumes }: PodOptions): readonly Volume[] {
  const { volumes } = sidecar;
  return [
    // In memory: the socket's folder and the bootstrap are gone with the pod, and never on a disk.
    { name: volumes.sdsSocket, emptyDir: { medium: 'Memory' } },
    { name: volumes.data, emptyDir: { medium: 'Memory' } },
    {
      name: volumes.podInfo,
      downwardAPI: { items: [podInfo('labels', 'metadata.labels'), podInfo('annotations', 'metadata.annotations')] },
    },
    {
      name: volumes.token,
      projected: {
        sources: [
          {
            serviceAccountToken: {
              path: posix.basename(sidecar.tokenFile),
              audience: sidecar.tokenAudience,
              expirationSeconds: tokenExpirationSeconds,
            },
          },
        ],
      },
    },
    { name: volumes.rootCert, configMap: { name: sidecar.rootCertConfigMap } },
    ...Object.entries(userVolumes).map(([name, source]) => ({ ...source, name })),
  ];
}

export function sidecarMounts({ userVolumeMounts }: PodOptions): readonly JsonObject[] {
  const { volumes } = sidecar;
  return [
    { name: volumes.sdsSocket, mountPath: posix.dirname(sidecar.sdsSocket) },
    { name: volumes.data, mountPath: sidecar.dataFolder },
    { name: volumes.podInfo, mountPath: sidecar.podInfoFolder, readOnly: true },
    { name: volumes.token, mountPath: posix.dirname(sidecar.tokenFile), readOnly: true },
    { name: volumes.rootCert, mountPath: posix.dirname(sidecar.rootCertFile), readOnly: true },
    ...Object.entries(userVolumeMounts).map(([name, mount]) => ({ ...mount, name })),
  ];
}

function podInfo(path: string, fieldPath: string): JsonObject {
  return { path, fieldRef: { fieldPath } };
}
