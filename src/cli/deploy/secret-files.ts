import { visibleText } from '../../domain/visible-text.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { ask } from '../server/ask.ts';
import { IGNORE_FILE } from './deploy-rules.ts';
import type { LocalTree } from './local-tree.ts';

/**
 * Asks once about each file that tools keep secrets in: who deploys it hands it to whoever may read the function's code. Without
 * a terminal there is nobody to ask, and only the flag lets it through.
 */
export class SecretFiles {
  readonly #mayAll: boolean;
  readonly #answers = new Map<string, boolean>();

  constructor(mayAll: boolean) {
    this.#mayAll = mayAll;
  }

  /** Takes what the person does not want out of the tree. Throws a CliError where nobody can be asked. */
  async settle(tree: LocalTree): Promise<void> {
    if (this.#mayAll) return;
    const open = tree.secrets.filter((path) => !this.#answers.has(path));
    const shown = open.map((path) => visibleText(path, true)).join(', ');
    if (open.length > 0) {
      if (!process.stdin.isTTY)
        throw new CliError(
          EXIT.usage,
          `${shown} may hold secrets, and whoever may read the function's code could read them.`,
          `Name what should stay here in ${IGNORE_FILE}, or add --with-secret-files.`,
        );
      const answer = await ask(`${shown} may hold secrets. Deploy with the function? [y/N] `);
      for (const path of open) this.#answers.set(path, /^y(es)?$/i.test(answer));
    }
    for (const path of tree.secrets.filter((one) => this.#answers.get(one) === false)) {
      tree.files.delete(path);
      tree.leftOut.push({ path, rule: 'you said no' });
    }
  }
}
