import { Menu, TextInput } from '@mantine/core';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { visibleText } from '../../../../../src/domain/visible-text.ts';
import { MoreButton } from '../../../shared/controls/more-button.tsx';
import type { DraftModel, DraftSnapshot } from '../draft/draft-model.ts';
import classes from './file-list.module.css';
import { fileNameProblem } from './file-name.ts';

/** A package may hold thousands; beyond this a search finds them. */
const SHOWN_MAX = 200;
const SEARCH_FROM = 15;

interface Props {
  model: DraftModel;
  snapshot: DraftSnapshot;
  selected: string;
  onSelect(path: string): void;
}

type Naming = { kind: 'new' } | { kind: 'rename'; path: string };

/** The files of the package: choose, add, rename, remove. F2 renames, Delete removes the one in focus. */
export function FileList({ model, snapshot, selected, onSelect }: Props) {
  const [naming, setNaming] = useState<Naming | null>(null);
  const [search, setSearch] = useState('');
  const [removed, setRemoved] = useState<{ path: string; text: string } | null>(null);
  const { paths, base } = snapshot;
  const found = search === '' ? paths : paths.filter((path) => path.toLowerCase().includes(search.toLowerCase()));

  const remove = (path: string): void => {
    if (paths.length === 1) return;
    setRemoved({ path, text: model.text(path) ?? '' });
    model.remove(path);
    if (path === selected) onSelect(paths.find((one) => one !== path) as string);
  };
  const name = (path: string): void => {
    if (naming?.kind === 'rename') model.rename(naming.path, path);
    else model.put(path, '');
    setNaming(null);
    onSelect(path);
  };
  return (
    <nav className={classes.list} aria-label="Files">
      {paths.length > SEARCH_FROM ? (
        <TextInput
          className={classes.search}
          placeholder="Find a file"
          aria-label="Find a file"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      ) : null}
      <ul className={classes.files}>
        {found.slice(0, SHOWN_MAX).map((path) =>
          naming?.kind === 'rename' && naming.path === path ? (
            <li key={path}>
              <NameForm
                from={path}
                taken={paths.filter((one) => one !== path)}
                onName={name}
                onLeave={() => setNaming(null)}
              />
            </li>
          ) : (
            <FileRow
              key={path}
              path={path}
              isSelected={path === selected}
              isDirty={snapshot.dirtyPaths.has(path)}
              isLast={paths.length === 1}
              onSelect={() => onSelect(path)}
              onRename={() => setNaming({ kind: 'rename', path })}
              onRemove={() => remove(path)}
            />
          ),
        )}
        {base.binaryFiles.slice(0, SHOWN_MAX).map(({ path }) => (
          <li key={path} className={classes.other} title="Not text, or too large to show here; it stays as it is.">
            {visibleText(path, true)}
          </li>
        ))}
        {base.links.slice(0, SHOWN_MAX).map(({ path, target }) => (
          <li key={path} className={classes.other} title="A link inside the package; it stays as it is.">
            {visibleText(`${path} \u2192 ${target}`, true)}
          </li>
        ))}
      </ul>
      {found.length > SHOWN_MAX ? (
        <p className={classes.note}>{found.length - SHOWN_MAX} more; search for them.</p>
      ) : null}
      {removed && !paths.includes(removed.path) ? (
        <p className={classes.note} role="status">
          Removed {visibleText(removed.path, true)}.{' '}
          <button
            type="button"
            className={classes.undo}
            onClick={() => {
              model.put(removed.path, removed.text);
              onSelect(removed.path);
              setRemoved(null);
            }}
          >
            Undo
          </button>
        </p>
      ) : null}
      {naming?.kind === 'new' ? (
        <NameForm from="" taken={paths} onName={name} onLeave={() => setNaming(null)} />
      ) : (
        <button type="button" className={classes.add} onClick={() => setNaming({ kind: 'new' })}>
          + New file
        </button>
      )}
    </nav>
  );
}

interface RowProps {
  path: string;
  isSelected: boolean;
  isDirty: boolean;
  isLast: boolean;
  onSelect(): void;
  onRename(): void;
  onRemove(): void;
}

function FileRow({ path, isSelected, isDirty, isLast, onSelect, onRename, onRemove }: RowProps) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'F2') onRename();
    else if (event.key === 'Delete') onRemove();
    else return;
    event.preventDefault();
  };
  return (
    <li className={classes.row} data-selected={isSelected}>
      <button
        type="button"
        className={classes.file}
        aria-current={isSelected}
        onClick={onSelect}
        onKeyDown={onKeyDown}
        title={isDirty ? `${path}, not deployed yet` : path}
      >
        {visibleText(path, true)}
        {isDirty ? <span className={classes.dirty} role="img" aria-label="not deployed yet" /> : null}
      </button>
      <Menu position="bottom-end" width={160} transitionProps={{ duration: 80 }}>
        <Menu.Target>
          <MoreButton className={classes.more} size="xs" label={`Actions for ${path}`} />
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onRename} rightSection={<kbd className={classes.key}>F2</kbd>}>
            Rename
          </Menu.Item>
          <Menu.Item onClick={onRemove} disabled={isLast} rightSection={<kbd className={classes.key}>Del</kbd>}>
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

interface NameFormProps {
  from: string;
  taken: readonly string[];
  onName(path: string): void;
  onLeave(): void;
}

function NameForm({ from, taken, onName, onLeave }: NameFormProps) {
  const [path, setPath] = useState(from);
  const [wasTried, setWasTried] = useState(false);
  const problem = fileNameProblem(path, taken);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (problem === null) onName(path);
    else setWasTried(true);
  };
  return (
    <form onSubmit={submit} className={classes.naming}>
      <TextInput
        aria-label={from === '' ? 'Name of the new file' : `New name of ${from}`}
        placeholder="lib/prices.js"
        value={path}
        error={wasTried ? problem : null}
        onChange={(event) => setPath(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onLeave();
        }}
        onBlur={() => {
          if (path === from) onLeave();
        }}
        spellCheck={false}
        autoComplete="off"
        autoFocus
      />
    </form>
  );
}
