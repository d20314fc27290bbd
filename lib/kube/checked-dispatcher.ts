import { DecoratorHandler } from 'undici';
import type { Dispatcher } from 'undici';
import { toError } from '../errors.ts';

/**
 * The same dispatcher, which calls `check` in the moment in which a request's bytes are about to be written to its
 * connection. What `check` throws is what the request fails with.
 */
export function checkedDispatcher(dispatcher: Dispatcher, check: () => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, new CheckedHandler(handler, check)));
}

class CheckedHandler extends DecoratorHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #check: () => void;

  constructor(handler: Dispatcher.DispatchHandler, check: () => void) {
    super(handler);
    this.#handler = handler;
    this.#check = check;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    try {
      this.#check();
    } catch (error) {
      controller.abort(toError(error));
      return;
    }
    this.#handler.onRequestStart?.(controller, context);
  }
}
