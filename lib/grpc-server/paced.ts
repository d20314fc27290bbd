/**
 * Begins with what comes a few at a time, the next few in the next round of the event loop: what else is to be done gets
 * its turn in between. Nothing waits for any of them to come to an end, so one that does not holds nobody up.
 */
export function paced<T>(atOnce: number, begin: (item: T) => void): (item: T) => void {
  const waiting: T[] = [];
  let scheduled = false;
  const run = (): void => {
    for (const item of waiting.splice(0, atOnce)) begin(item);
    scheduled = waiting.length > 0;
    if (scheduled) setImmediate(run);
  };
  return (item) => {
    waiting.push(item);
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  };
}
