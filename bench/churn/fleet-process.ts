/** The sidecars' own process, so that the memory and CPU time of the server's are its own. It ends with its parent. */
import { describeError } from '../../lib/errors.ts';
import type { FleetReply, FleetRequest } from './fleet-messages.ts';
import { SidecarFleet } from './sidecar-fleet.ts';

let fleet: SidecarFleet | undefined;

async function answer(request: FleetRequest): Promise<FleetReply> {
  if (request.type === 'start') {
    fleet = new SidecarFleet(request.address, request.sidecars, request.reconnectMs);
    await fleet.start();
  }
  if (fleet === undefined) throw new Error('the sidecars have not been started');
  if (request.type === 'settle') await fleet.settle();
  const comparison = request.type === 'compare' ? await fleet.compare(request.address) : undefined;
  const { stats, complaints } = fleet;
  return { type: 'done', stats, complaints, ...(comparison === undefined ? {} : { comparison }) };
}

process.on('message', (request: FleetRequest) => {
  const failed = (error: unknown): FleetReply => ({ type: 'failed', message: describeError(error) });
  void answer(request)
    .catch(failed)
    .then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit(0));
// An interrupt is for the parent, which ends this process.
process.on('SIGINT', () => undefined);
