import { validationPath } from '../config/istiod-names.ts';
import { reviewValidation } from '../config/webhook.ts';
import type { IstiodConfig } from '../config/istiod-config.ts';
import { createInjector } from '../inject/injector.ts';
import type { InjectionSettings } from '../inject/settings.ts';
import { injectionSettings } from '../inject/settings.ts';
import { injectionPath } from '../inject/webhook-configuration.ts';
import { describeError } from '../lib/errors.ts';
import { projectImages } from '../lib/images.ts';
import type { HttpHandler, HttpServer } from '../lib/http-server.ts';
import { startHttpServer } from '../lib/http-server.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { counter } from '../lib/metrics.ts';
import { ports } from '../lib/ports.ts';
import type { ServingCertificate } from './serving-certificate.ts';

export interface WebhooksOptions {
  readonly address: string;
  readonly client: KubeClient;
  readonly config: IstiodConfig;
  readonly revision: string;
  /** DNS name of the revision's Service, by which sidecars find it. */
  readonly serviceHost: string;
  readonly certificate: ServingCertificate;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
}

/** The admission webhooks over HTTPS: injection and validation. Resolves once they can answer. */
export async function startWebhooks(options: WebhooksOptions): Promise<HttpServer> {
  const { address, certificate, logger, metrics, signal } = options;
  const settings = await settingsOf(options);
  const inject = createInjector({
    // The API server has applied the selectors by namespace; a cache of our own could be behind its.
    context: () => ({ settings }),
    logger: logger.child('injection'),
    metrics,
  });
  const { certificateChain: cert, privateKey: key } = certificate.current;
  const server = await startHttpServer({
    address,
    tls: { cert, key },
    logger,
    routes: {
      [injectionPath]: json((body) => inject(body)),
      // Istio's webhooks may carry parameters in the path.
      [`${injectionPath}/`]: json((body) => inject(body)),
      [validationPath]: json(validator(metrics, logger.child('validation'))),
    },
  });
  signal.addEventListener(
    'abort',
    certificate.onChange((renewed) =>
      server.setCertificate({ cert: renewed.certificateChain, key: renewed.privateKey }),
    ),
  );
  logger.info('serving webhooks', { address });
  return server;
}

function json(answer: (body: string) => string): HttpHandler {
  return ({ method, body }) =>
    method === 'POST'
      ? { contentType: 'application/json', body: answer(body.toString('utf8')) }
      : { status: 405, body: 'an AdmissionReview has to be sent by POST\n' };
}

function validator(metrics: Registry, logger: Logger): (body: string) => string {
  const passed = counter(metrics, { name: 'galley_validation_passed', help: 'Objects that validation let in.' });
  const failed = counter(metrics, { name: 'galley_validation_failed', help: 'Objects that validation refused.' });
  return (body) => {
    const answer = reviewValidation(parseReview(body));
    if (answer.response.allowed) passed.inc();
    else {
      failed.inc();
      logger.info('refused an object', { message: answer.response.status?.message });
    }
    return JSON.stringify(answer);
  };
}

/** Undefined, which is no review, for what is no JSON. */
function parseReview(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function settingsOf({
  client,
  config,
  revision,
  serviceHost,
  logger,
}: WebhooksOptions): Promise<InjectionSettings> {
  const image = config.proxy.image ?? projectImages().proxy;
  return injectionSettings(
    { ...config, proxy: { ...config.proxy, image } },
    {
      revision,
      discoveryAddress: `${serviceHost}:${ports.xds}`,
      clusterId: 'Kubernetes',
      nativeSidecarsSupported: await supportsNativeSidecars(client).catch((error: unknown) => {
        logger.warn('cannot tell the version of Kubernetes; taking it for one with native sidecars', {
          error: describeError(error),
        });
        return true;
      }),
    },
  );
}

/** Kubernetes 1.29 was the first with sidecar containers on by default. */
async function supportsNativeSidecars(client: KubeClient): Promise<boolean> {
  const { major, minor } = JSON.parse(await client.raw('/version')) as {
    readonly major: string;
    readonly minor: string;
  };
  return Number(major) > 1 || Number.parseInt(minor, 10) >= 29;
}
