/**
 * How many streams are being given their first configuration: the costly part of a stream, which all proxies want at
 * once after a restart of istiod. So many go at a time; the others are told to come back, and do so after a pause that
 * grows and differs (Envoy's back-off), rather than all of them crawling.
 */
export class FirstSyncs {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** A function by which the stream leaves, as often as it likes; undefined when there is no room. */
  enter(): (() => void) | undefined {
    if (this.#count >= this.#max) return undefined;
    this.#count++;
    let inside = true;
    return () => {
      if (inside) this.#count--;
      inside = false;
    };
  }
}
