import { InvalidArgumentError } from 'commander';
import { describeError } from './errors.ts';

/** A parser of an option's value for commander: what it throws is shown beside the option, and ends the program. */
export function argument<T>(parse: (value: string) => T): (value: string) => T {
  return (value) => {
    try {
      return parse(value);
    } catch (error) {
      throw new InvalidArgumentError(describeError(error));
    }
  };
}
