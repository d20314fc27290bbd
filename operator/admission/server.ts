import { setTimeout } from 'node:timers/promises';
import type { HttpServer } from '../../lib/http-server.ts';
import { startHttpServer } from '../../lib/http-server.ts';
import { backoffMs } from '../../lib/kube/backoff.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { createInformer } from '../../lib/kube/informer.ts';
import type { Informer } from '../../lib/kube/informer.ts';
import { secrets, validatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { isApplied } from '../../lib/kube/subset.ts';
import type { AdmissionWebhookConfiguration, Secret } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Registry } from '../../lib/metrics.ts';
import { counter } from '../../lib/metrics.ts';
import { serverNames } from '../../ca/server-certificate.ts';
import { fieldManager } from '../names.ts';
import { isAnswered } from '../preflight/dead-webhooks.ts';
import type { ReviewContext } from './review.ts';
import { reviewAdmission } from './review.ts';
import type { Self } from './self.ts';
import { readSelf } from './self.ts';
import type { ServingFiles } from './serving-files.ts';
import { ensureServingFiles, servingSecretName } from './serving-secret.ts';
import type { AdmissionEndpoint } from './webhook-configuration.ts';
import { admissionConfiguration, admissionConfigurationName, admissionPath } from './webhook-configuration.ts';

export interface AdmissionOptions {
  readonly client: KubeClient;
  /** The operator's. */
  readonly namespace: string;
  /** `host:port` that it listens on. */
  readonly address: string;
  readonly endpoint: AdmissionEndpoint;
  readonly context: Omit<ReviewContext, 'operator'>;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly now: () => Date;
}

/** A certificate that is about to end, and an owner that was made anew, are seen after this time at the latest. */
const lookAgainMs = 10 * 60_000;
/** API servers learn of a changed configuration by watching; until then they trust the former authority only. */
const handOverMs = 5_000;
/** Between two looks at whether the API server can reach a replica already. */
const reachableMs = 500;
const retry = { baseMs: 1_000, maxMs: 60_000, jitter: 0.2 };

/**
 * The operator's admission webhook on one replica. Every replica serves and keeps certificate and configuration, whoever
 * leads; all of them write the same, and one of them first.
 */
export class AdmissionServer {
  readonly #options: AdmissionOptions;
  readonly #secrets: Informer<Secret>;
  readonly #configurations: Informer<AdmissionWebhookConfiguration>;
  #server: HttpServer | undefined;
  #served: ServingFiles | undefined;
  #self: Self | undefined;
  #isConfigured = false;
  #wake: () => void = () => undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { client, namespace, logger } = options;
    const informerOptions = { logger: logger.child('informer') };
    this.#secrets = createInformer(client, secrets, {
      ...informerOptions,
      namespace,
      fieldSelector: `metadata.name=${servingSecretName}`,
    });
    this.#configurations = createInformer(client, validatingWebhookConfigurations, {
      ...informerOptions,
      fieldSelector: `metadata.name=${admissionConfigurationName(namespace)}`,
    });
  }

  /** Whether it answers. */
  get isServing(): boolean {
    return this.#server !== undefined;
  }

  /** Where it listens. */
  get address(): HttpServer['address'] | undefined {
    return this.#server?.address;
  }

  /** Serves until the signal aborts; whatever goes wrong is logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake();
    for (const informer of [this.#secrets, this.#configurations]) {
      informer.onChange({ added: wake, updated: wake, deleted: wake });
      informer.start(signal);
    }
    let failures = 0;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      // Asked for before the work, so that a change in the midst of it is not missed.
      const woken = this.#untilWoken(signal);
      try {
        await this.#keep(signal);
        failures = 0;
      } catch (error) {
        if (isOver()) break;
        failures++;
        this.#options.logger.error('the admission webhook cannot be kept', { error });
      }
      const restMs = this.#isConfigured ? lookAgainMs : reachableMs;
      await woken(failures === 0 ? restMs : backoffMs(failures, retry));
    }
    await Promise.all([this.#secrets.stopped, this.#configurations.stopped, this.#server?.close()]);
    this.#server = undefined;
  }

  /** One look: the certificate, then whom the API server trusts, and only then what is served. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { client, namespace, endpoint, logger, now } = this.#options;
    this.#self = await readSelf(client);
    const dnsNames = 'url' in endpoint ? [new URL(endpoint.url).hostname] : serverNames(endpoint.service, namespace);
    const owner = this.#self.namespaceOwner;
    const files = await ensureServingFiles({ client, namespace, dnsNames, owner, now, logger });
    if (this.#server === undefined) {
      this.#server = await this.#listen(files);
      this.#served = files;
      await this.#configure(files, this.#self);
      return;
    }
    await this.#configure(files, this.#self);
    if (this.#served?.cert === files.cert) return;
    await pause(handOverMs, signal);
    this.#server.setCertificate({ cert: files.cert, key: files.key });
    this.#served = files;
    logger.info('serving the admission webhook with a new certificate');
  }

  async #configure({ authorities }: ServingFiles, { username, clusterOwner }: Self): Promise<void> {
    const { client, namespace, endpoint } = this.#options;
    const { resource, object } = admissionConfiguration({
      namespace,
      endpoint,
      authorities,
      operator: username,
      owner: clusterOwner,
    });
    const live = await client.get(resource, object.metadata);
    // Until a replica is ready, which takes a moment after it serves, every request would fail.
    this.#isConfigured =
      live !== undefined || 'url' in endpoint || (await isAnswered(client, `${namespace}/${endpoint.service}`));
    if (!this.#isConfigured || (live !== undefined && isApplied(object, live))) return;
    await client.apply(resource, object, { fieldManager, force: true });
  }

  #listen({ cert, key }: ServingFiles): Promise<HttpServer> {
    const { address, context, logger, metrics } = this.#options;
    const reviews = counter(metrics, {
      name: 'meltemi_operator_admission_reviews_total',
      help: 'Objects that the admission webhook of the operator has judged.',
      labelNames: ['allowed'],
    });
    return startHttpServer({
      address,
      tls: { cert, key },
      logger,
      routes: {
        [admissionPath]: async ({ method, body }) => {
          if (method !== 'POST') return { status: 405, body: 'an AdmissionReview has to be sent by POST\n' };
          const answer = await reviewAdmission(
            { ...context, operator: this.#self?.username },
            parseReview(body.toString('utf8')),
          );
          const { allowed, status } = answer.response;
          reviews.inc({ allowed: String(allowed) });
          if (!allowed) logger.info('refused a request', { message: status?.message });
          return { contentType: 'application/json', body: JSON.stringify(answer) };
        },
      },
    });
  }

  /** Resolves when there is something to look at, or after the time that it is called with. */
  #untilWoken(signal: AbortSignal): (ms: number) => Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    return (ms) => pause(ms, AbortSignal.any([woken.signal, signal]));
  }
}

/** Shorter when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}

/** Undefined, which is no review, for what is no JSON. */
function parseReview(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
