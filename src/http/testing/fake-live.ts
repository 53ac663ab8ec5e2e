import type { LiveEntry, LiveSubscription } from '../../records/live/live-feed.ts';
import type { HttpDeps } from '../deps.ts';

export type FakeLive = HttpDeps['live'] & {
  publish(entry: LiveEntry): void;
  listeners: Set<LiveSubscription>;
  gap: boolean;
};

export function fakeLive(): FakeLive {
  const callbacks = new Map<LiveSubscription, (entry: LiveEntry) => void>();
  const listeners = new Set<LiveSubscription>();
  const live: FakeLive = {
    gap: false,
    latestId: 0,
    listeners,
    publish(entry) {
      for (const onEvent of callbacks.values()) onEvent(entry);
    },
    subscribe(subscription, onEvent, onGap) {
      listeners.add(subscription);
      callbacks.set(subscription, onEvent);
      if (live.gap && subscription.afterId !== null) onGap({ fromId: subscription.afterId + 1, toId: 9 });
      return () => {
        listeners.delete(subscription);
        callbacks.delete(subscription);
      };
    },
  };
  return live;
}
