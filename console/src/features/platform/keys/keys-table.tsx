import { Button } from '@mantine/core';
import type { ApiKey } from '../../../shared/api/types.ts';
import table from '../../../shared/values/data-table.module.css';
import { Instant } from '../../../shared/values/instant.tsx';

interface Props {
  keys: readonly ApiKey[];
  onRevoke(key: ApiKey): void;
}

export function KeysTable({ keys, onRevoke }: Props) {
  if (keys.length === 0)
    return (
      <p className={table.quiet}>
        None yet. A key lets a script or a colleague call functions, and can be taken back alone.
      </p>
    );
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            <th scope="col" aria-label="Revoke" />
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>{key.name}</td>
              <td className={table.quiet}>{key.scopes.join(', ')}</td>
              <td className={table.quiet}>{key.lastUsedAt === null ? 'never' : <Instant at={key.lastUsedAt} />}</td>
              <td className={table.quiet}>{key.expiresAt === null ? 'never' : <Instant at={key.expiresAt} />}</td>
              <td className={table.number}>
                <Button
                  variant="subtle"
                  color="red"
                  size="compact-xs"
                  aria-label={`Revoke ${key.name}`}
                  onClick={() => onRevoke(key)}
                >
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
