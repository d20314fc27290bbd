import type { KubeObject } from './object.ts';
import type { Resource } from './resources.ts';

/** Writes events.k8s.io/v1 Events in the background. Never throws and never makes the caller wait. */
export interface EventRecorder {
  /** `reason` and `action` are CamelCase words, `note` a sentence (cut at 1,024 characters). */
  event(regarding: EventSubject, type: 'Normal' | 'Warning', reason: string, action: string, note: string): void;
  /** Waits for the writes that are under way. */
  flush(): Promise<void>;
}

/** What an event is about. The kind comes from the resource, since list items do not carry it. */
export interface EventSubject {
  readonly resource: Resource;
  readonly object: KubeObject;
}
