import type { FunctionRecord } from '../../domain/function.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { KeyedLock } from '../changes/keyed-lock.ts';
import type { RouteEntry } from '../view/catalog-entries.ts';
import { routeKey } from './route-rules.ts';

/** Two functions may not answer the same route; changes of routes wait for each other, so that neither slips by. */
export class RouteClaims {
  readonly #lock = new KeyedLock();
  readonly #taken: () => readonly RouteEntry[];

  constructor(taken: () => readonly RouteEntry[]) {
    this.#taken = taken;
  }

  /** Runs `work`, which stores the function, while its routes are sure to be free. Throws `invalid_settings`. */
  async withFree<T>(record: FunctionRecord, work: () => Promise<T>): Promise<T> {
    const { routes } = record.settings;
    if (routes.length === 0) return await work();
    return await this.#lock.run('routes', async () => {
      const taken = new Map(this.#taken().map((route) => [routeKey(route), route.functionId]));
      const errors = routes.flatMap((route, index) => {
        const holder = taken.get(routeKey(route)) ?? record.id;
        return holder === record.id
          ? []
          : [{ path: `/routes/${index}`, message: 'another function answers this route' }];
      });
      if (errors.length > 0) throw new ColdframeError('invalid_settings', { errors });
      return await work();
    });
  }
}
