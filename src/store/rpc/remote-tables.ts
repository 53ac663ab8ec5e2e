/** Says for every method of every table how it is called. The compiler refuses a list that misses one. */
export type MethodKinds<Tables, Kind> = { [T in keyof Tables]: { [M in keyof Tables[T]]: Kind } };

/** Tables whose methods run elsewhere: each call is handed over as `<table>.<method>`. */
export function remoteTables<Tables extends object, Kind>(
  kinds: MethodKinds<Tables, Kind>,
  call: (kind: Kind, method: string, args: unknown[]) => Promise<unknown>,
): Tables {
  const tables = Object.entries<Record<string, Kind>>(kinds as Record<string, Record<string, Kind>>).map(
    ([table, methods]) => {
      const remote = Object.entries(methods).map(([method, kind]) => [
        method,
        (...args: unknown[]) => call(kind, `${table}.${method}`, args),
      ]);
      return [table, Object.fromEntries(remote)];
    },
  );
  return Object.fromEntries(tables) as Tables;
}
