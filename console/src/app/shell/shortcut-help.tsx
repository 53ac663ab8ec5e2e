import { Modal } from '@mantine/core';
import classes from './shortcut-help.module.css';

const GROUPS = [
  {
    title: 'Everywhere',
    keys: [
      ['Ctrl K', 'Go to any function, page or action'],
      ['/', 'Search in this screen'],
      ['n', 'New function'],
      ['g f', 'Functions'],
      ['g m', 'Monitor'],
      ['g i', 'Invocations'],
      ['g l', 'Logs'],
      ['g p', 'Platform'],
      ['?', 'This list'],
    ],
  },
  {
    title: 'In the editor',
    keys: [
      ['Ctrl Enter', 'Run what is written, without deploying it'],
      ['Ctrl S', 'Deploy'],
      ['Esc, then Tab', 'Leave the editor'],
    ],
  },
] as const;

/** Where Apple's keyboards have Cmd, it is Cmd. */
export function ShortcutHelp({ isOpen, onClose }: { isOpen: boolean; onClose(): void }) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keyboard shortcuts">
      {GROUPS.map(({ title, keys }) => (
        <section key={title} className={classes.group}>
          <h3 className={classes.title}>{title}</h3>
          <dl className={classes.list}>
            {keys.map(([key, meaning]) => (
              <div key={key} className={classes.line}>
                <dt>
                  <kbd className={classes.key}>{key}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
