import { isJsonObject } from '../config/admission-review.ts';
import { quantityAmount } from '../config/syntax/quantity.ts';
import { describeError } from '../lib/errors.ts';
import { parseCidr, parsePort } from '../lib/network.ts';
import type { JsonObject } from './pod.ts';

/** Reads annotations of one pod and gathers what is wrong with them, so that all of it is told at once. */
export class AnnotationReader {
  readonly problems: string[] = [];
  readonly #annotations: Readonly<Record<string, string>>;

  constructor(annotations: Readonly<Record<string, string>>) {
    this.#annotations = annotations;
  }

  text(name: string): string | undefined {
    return this.#annotations[name];
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, (text) => {
      if (text === 'true' || text === 'false') return text === 'true';
      throw new Error('must be "true" or "false"');
    });
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    return this.#read(name, (text) => {
      const found = values.find((value) => value === text);
      if (found === undefined) throw new Error(`must be one of ${values.join(', ')}`);
      return found;
    });
  }

  count(name: string): number | undefined {
    return this.#read(name, (text) => {
      if (!/^\d{1,9}$/.test(text)) throw new Error('must be a whole number');
      return Number(text);
    });
  }

  quantity(name: string): string | undefined {
    return this.#read(name, (text) => {
      const amount = quantityAmount(text);
      if (amount === undefined || amount < 0) throw new Error('must be a quantity such as 100m or 128Mi');
      return text;
    });
  }

  /** Ports between commas; with `all`, also `*`. */
  ports(name: string, all?: '*'): string | undefined {
    return this.#read(name, (text) =>
      checkList(text, (part) => parsePort(part) !== undefined, 'ports between commas', all),
    );
  }

  /** Address blocks between commas; with `all`, also `*`. */
  cidrs(name: string, all?: '*'): string | undefined {
    return this.#read(name, (text) =>
      checkList(text, (part) => parseCidr(part) !== undefined, 'address blocks such as 10.0.0.0/8 between commas', all),
    );
  }

  /** Names of network interfaces between commas. */
  interfaces(name: string): string | undefined {
    const isName = (part: string): boolean => /^[\w.@:+-]{1,15}$/.test(part);
    return this.#read(name, (text) => checkList(text, isName, 'network interfaces between commas'));
  }

  hostPort(name: string): string | undefined {
    return this.#read(name, (text) => {
      if (!/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/.test(text)) throw new Error('must be host:port');
      return text;
    });
  }

  /** A JSON object of objects by name. */
  objects(name: string): Readonly<Record<string, JsonObject>> | undefined {
    return this.#read(name, (text) => {
      const value: unknown = JSON.parse(text);
      if (!isJsonObject(value)) throw new Error('must be a JSON object');
      const entries = Object.entries(value).map(([key, inner]): [string, JsonObject] => {
        if (!isJsonObject(inner)) throw new Error(`"${key}" must be an object`);
        return [key, inner];
      });
      return Object.fromEntries(entries);
    });
  }

  /** Anything else: `parse` throws an Error that follows the annotation's name. */
  parsed<T>(name: string, parse: (text: string) => T): T | undefined {
    return this.#read(name, parse);
  }

  #read<T>(name: string, parse: (text: string) => T): T | undefined {
    const text = this.#annotations[name];
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      this.problems.push(`annotation ${name}="${text.slice(0, 100)}": ${describeError(error)}`);
      return undefined;
    }
  }
}

/** The list without blanks. */
function checkList(text: string, isGood: (part: string) => boolean, what: string, all?: '*'): string {
  const parts = text.split(',').map((part) => part.trim());
  if (text.trim() === '') return '';
  const bad = parts.find((part) => !(isGood(part) || (all !== undefined && part === all)));
  if (bad !== undefined) throw new Error(`"${bad}" is wrong; must be ${what}${all === undefined ? '' : ` or ${all}`}`);
  return parts.join(',');
}
