import { toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { discoveringRouteConfiguration, portRouteConfiguration } from './route-configuration.ts';

const json = (configuration: RouteConfiguration) => toJson(RouteConfigurationSchema, configuration);

describe('the route configuration of a port', () => {
  it('has the settings that Istio gives it, and a virtual host for all that nobody knows', () => {
    expect(json(portRouteConfiguration(9080, defaultMeshSettings))).toMatchObject({
      name: '9080',
      virtualHosts: [{ name: 'allow_any', domains: ['*'] }],
      validateClusters: false,
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: 1024 * 1024,
    });
    expect(portRouteConfiguration(9080, defaultMeshSettings).vhds).toBeUndefined();
  });

  it('lets Envoy ask for its virtual hosts one by one, over the stream that it has', () => {
    const discovering = discoveringRouteConfiguration(9080, defaultMeshSettings);
    expect(json(discovering)).toMatchObject({ vhds: { configSource: { ads: {}, resourceApiVersion: 'V3' } } });
    const { vhds: _vhds, ...rest } = discovering;
    const { vhds: _none, ...whole } = portRouteConfiguration(9080, defaultMeshSettings);
    expect(rest).toEqual(whole);
  });
});
