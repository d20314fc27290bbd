import type { Logger } from '../lib/logger.ts';
import { counter, histogram } from '../lib/metrics.ts';
import type { Registry } from '../lib/metrics.ts';
import { reviewInjection } from './webhook.ts';
import type { InjectionContext, InjectionReview } from './webhook.ts';

export interface InjectorOptions {
  /** As they are now; asked for each pod. */
  readonly context: () => InjectionContext;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** Answers the body of a request to the webhook with the body of its answer, both JSON. Never throws. */
export type Injector = (body: string) => string;

/** Injection as istiod serves it: logged and counted, under the names of Istio's metrics. */
export function createInjector(options: InjectorOptions): Injector {
  const count = (name: string, help: string): (() => void) => {
    const metric = counter(options.metrics, { name: `sidecar_injection_${name}`, help });
    return () => metric.inc();
  };
  const requested = count('requests_total', 'Reviews of pods received.');
  const outcomes = {
    injected: count('success_total', 'Pods that got a sidecar.'),
    skipped: count('skip_total', 'Pods that get none.'),
    failed: count('failure_total', 'Pods that should get a sidecar and cannot, and requests that are no reviews.'),
  };
  const time = histogram(options.metrics, {
    name: 'sidecar_injection_time_seconds',
    help: 'Time that a review takes, seconds.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1],
  });
  return (body) => {
    requested();
    const stop = time.startTimer();
    const { answer, outcome } = reviewInjection(parseJson(body), options.context());
    outcomes[outcome.kind]();
    stop();
    logOutcome(options.logger, outcome);
    return JSON.stringify(answer);
  };
}

/** Undefined, which is no review, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function logOutcome(logger: Logger, { kind, object, reason }: InjectionReview['outcome']): void {
  switch (kind) {
    case 'injected':
      return logger.info('sidecar injected', { object, reason });
    case 'skipped':
      return logger.debug('sidecar not injected', { object, reason });
    case 'failed':
      return logger.warn('sidecar cannot be injected', { object, reason });
  }
}
