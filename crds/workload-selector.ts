import type { Infer } from './schema.ts';
import { map, object, string } from './schema.ts';

const labelValue = string('A label value, matched exactly.', {
  maxLength: 63,
  rules: [{ rule: '!self.contains("*")', message: 'wildcard not allowed in label value match' }],
});

/** Istio's WorkloadSelector: the pods of the object's namespace that carry all of these labels. */
export function workloadSelector(description: string) {
  return object(description, {
    matchLabels: map('Labels that a pod must carry, all of them.', labelValue, {
      maxProperties: 4096,
      rules: [
        { rule: 'self.all(key, !key.contains("*"))', message: 'wildcard not allowed in label key match' },
        { rule: 'self.all(key, key.size() != 0)', message: 'key must not be empty' },
      ],
    }),
  });
}

export type WorkloadSelector = Infer<ReturnType<typeof workloadSelector>>;
