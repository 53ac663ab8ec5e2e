import type { Pool } from '../pool/types.ts';
import type { LiveFeed } from '../records/live/live-feed.ts';

const EVERY_MS = 2_000;

/** Publishes the pool's state on the live feed's `pool` topic, while somebody listens. Returns the way to stop. */
export function publishPool(feed: LiveFeed, pool: Pool): () => void {
  let timer: NodeJS.Timeout | null = null;
  const publish = (): void =>
    feed.publish({ topic: 'pool', data: { at: new Date().toISOString(), ...pool.snapshot() } });
  const adjust = (): void => {
    const isWanted = feed.hasListeners('pool');
    if (isWanted && timer === null) {
      timer = setInterval(publish, EVERY_MS).unref();
      publish();
    } else if (!isWanted && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
  const stopListening = feed.onListenersChanged(adjust);
  return () => {
    stopListening();
    if (timer !== null) clearInterval(timer);
  };
}
