import type { Attempt } from '../../../shared/api/types.ts';
import classes from './detail.module.css';
import { Facts } from './invocation-facts.tsx';

const LIMITS = ['memory', 'cpu', 'pids', 'disk', 'network'] as const;

/** What fenced an attempt: said by the server, not by the function. */
export function ReceiptFacts({ receipt }: { receipt: NonNullable<Attempt['receipt']> }) {
  const enforced = LIMITS.filter((limit) => receipt.enforced[limit]);
  const unenforced = LIMITS.filter((limit) => !receipt.enforced[limit]);
  return (
    <Facts
      label="Receipt"
      facts={{
        isolation: receipt.isolation,
        fence: receipt.fence,
        driver: receipt.driver,
        enforced: enforced.length === 0 ? 'nothing' : enforced.join(', '),
        unenforced:
          unenforced.length === 0 ? 'nothing' : <span className={classes.unenforced}>{unenforced.join(', ')}</span>,
        code: <code>{receipt.codeSha256}</code>,
        image: receipt.imageDigest === null ? 'none' : <code>{receipt.imageDigest}</code>,
        dependencies: receipt.dependencySetSha256 === null ? 'none' : <code>{receipt.dependencySetSha256}</code>,
      }}
    />
  );
}
