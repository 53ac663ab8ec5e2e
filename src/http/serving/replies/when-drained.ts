import type { HttpReply } from './http-reply.ts';

/** Resolves once the reply takes more bytes again, or will never take more. */
export function whenDrained(res: HttpReply): Promise<void> {
  if (res.destroyed || !res.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      res.off('drain', settle);
      res.off('close', settle);
      resolve();
    };
    res.on('drain', settle);
    res.on('close', settle);
  });
}
