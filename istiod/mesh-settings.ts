import type { IstiodConfig } from '../config/istiod-config.ts';
import { durationMs } from '../lib/duration.ts';
import type { AccessLog, MeshSettings } from '../xds/model/mesh-settings.ts';
import { defaultMeshSettings } from '../xds/model/mesh-settings.ts';

/** What translation reads of the configuration. `namespace` is the control plane's own. */
export function meshSettings({ meshConfig }: IstiodConfig, namespace: string): MeshSettings {
  return {
    trustDomain: meshConfig.trustDomain,
    clusterDomain: meshConfig.clusterDomain,
    rootNamespace: meshConfig.rootNamespace ?? namespace,
    outboundTrafficPolicy: meshConfig.outboundTrafficPolicy.mode,
    autoMutualTls: meshConfig.enableAutoMtls,
    mutualTlsMode: meshConfig.mtls.mode,
    connectTimeoutMs: durationMs(meshConfig.connectTimeout) ?? defaultMeshSettings.connectTimeoutMs,
    protocolDetectionTimeoutMs:
      durationMs(meshConfig.protocolDetectionTimeout) ?? defaultMeshSettings.protocolDetectionTimeoutMs,
    ...accessLogOf(meshConfig.accessLog),
  };
}

function accessLogOf(accessLog: IstiodConfig['meshConfig']['accessLog']): { readonly accessLog?: AccessLog } {
  if (accessLog === undefined) return {};
  const format = accessLog.encoding === 'JSON' ? accessLog.jsonFormat : accessLog.format;
  return {
    accessLog: {
      path: accessLog.file,
      encoding: accessLog.encoding,
      ...(format === undefined ? {} : { format }),
    },
  };
}
