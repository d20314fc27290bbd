import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { configMaps, serviceAccounts, services } from '../../lib/kube/resources.ts';
import { ports } from '../../lib/ports.ts';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../../xds/envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { typeUrls } from '../../xds/envoy/type-urls.ts';
import type { Environment } from '../environment.ts';
import { ensureMesh, meshNamespace } from '../mesh.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-identity';

export const identity: Scenario = {
  name: 'identity',
  summary: 'whoever claims another identity than their own gets no configuration, and is told which one they have',
  async run(environment, check) {
    const { cluster } = environment;
    await ensureMesh(environment);
    try {
      await cluster.kubectl(['create', 'namespace', namespace]);
      for (const name of ['honest', 'other']) await cluster.kubectl(['-n', namespace, 'create', 'sa', name]);
      const token = await tokenOf(environment, 'honest');

      const own = await firstAnswer(environment, token, 'honest');
      check('a pod with its own identity gets its configuration', own === 'configuration', own);
      const foreign = await firstAnswer(environment, token, 'other');
      check('a pod that claims another identity is refused', foreign.startsWith('PERMISSION_DENIED'), foreign);
      check('... by name', foreign.includes(`${namespace}/honest`) && foreign.includes(`${namespace}/other`), foreign);
      const forged = await firstAnswer(environment, 'no-token', 'honest');
      check('a pod without a token is refused', forged.startsWith('UNAUTHENTICATED'), forged);
      return { foreign, forged };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

async function tokenOf({ client }: Environment, serviceAccount: string): Promise<string> {
  const answer: { readonly status?: { readonly token?: string }; readonly metadata: { readonly name: string } } =
    await client.create(
      serviceAccounts,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: serviceAccount, namespace },
        spec: { audiences: ['istio-ca'] },
      },
      { subresource: 'token' },
    );
  return answer.status?.token ?? '';
}

/** Speaks to istiod as a sidecar does; resolves to `configuration` or to the refusal's status and words. */
async function firstAnswer({ client }: Environment, token: string, serviceAccount: string): Promise<string> {
  const root = await client.get(configMaps, { namespace, name: 'istio-ca-root-cert' });
  const service = await client.get(services, { namespace: meshNamespace, name: 'istiod' });
  const host = `istiod.${meshNamespace}.svc`;
  const tls = credentials.createSsl(Buffer.from(root?.data?.['root-cert.pem'] ?? ''));
  const channel = new Client(`${service?.spec?.clusterIP ?? ''}:${ports.xds}`, tls, {
    'grpc.ssl_target_name_override': host,
  });
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const stream = channel.makeBidiStreamRequest(
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    (request: Uint8Array) => Buffer.from(request),
    (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    metadata,
  );
  try {
    return await new Promise<string>((resolve) => {
      stream.on('data', () => resolve('configuration'));
      stream.on('error', ({ code, details }: ServiceError) => resolve(`${status[code]}: ${details}`));
      stream.write(toBinary(DeltaDiscoveryRequestSchema, firstRequest(serviceAccount)));
    });
  } finally {
    stream.cancel();
    channel.close();
  }
}

function firstRequest(serviceAccount: string) {
  return create(DeltaDiscoveryRequestSchema, {
    typeUrl: typeUrls.cluster,
    node: {
      id: `sidecar~10.0.0.1~pod.${namespace}~${namespace}.svc.cluster.local`,
      metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: serviceAccount },
    },
  });
}
