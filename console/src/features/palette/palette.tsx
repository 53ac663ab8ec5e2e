import { Modal, useMantineColorScheme } from '@mantine/core';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useFunctionList } from '../../shared/api/use-function-list.ts';
import classes from './palette.module.css';
import { chooseEntries, type PaletteEntry } from './palette-entries.ts';

const PLACES = [
  { path: '/', label: 'Functions' },
  { path: '/new', label: 'New function', also: 'create template' },
  { path: '/monitor', label: 'Monitor', also: 'charts metrics' },
  { path: '/invocations', label: 'Invocations', also: 'calls' },
  { path: '/logs', label: 'Logs' },
  { path: '/platform', label: 'Platform', also: 'pool isolation doctor keys host' },
];
const TABS = ['monitor', 'invocations', 'logs', 'settings'];

interface Props {
  onClose(): void;
  onShowShortcuts(): void;
}

/** Everything one can go to or do, by typing a part of its name. */
export default function Palette({ onClose, onShowShortcuts }: Props) {
  const entries = useEntries(onShowShortcuts);
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const shown = chooseEntries(entries, typed);
  const active = Math.min(chosen, shown.length - 1);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const run = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((active + step + shown.length) % Math.max(1, shown.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(shown[active]);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      attributes={{ content: { 'aria-label': 'Go to' } }}
      padding={0}
      yOffset="12vh"
      centered={false}
      size="lg"
    >
      <input
        className={classes.input}
        role="combobox"
        aria-label="Go to or do"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length > 0 ? `${id}-${active}` : undefined}
        placeholder="Function, page or action"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        data-autofocus
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={`${id}-list`} className={classes.list} role="listbox" aria-label="Matches">
        {shown.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's above, as a combobox has it
          <div
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className={classes.entry}
            onClick={() => run(entry)}
            onMouseMove={() => setChosen(index)}
          >
            <span className={classes.label}>{entry.label}</span>
            <span className={classes.hint}>{entry.hint}</span>
          </div>
        ))}
      </div>
      {shown.length === 0 ? <p className={classes.none}>Nothing has that in its name.</p> : null}
    </Modal>
  );
}

function useEntries(onShowShortcuts: () => void): PaletteEntry[] {
  const [, navigate] = useLocation();
  const { setColorScheme } = useMantineColorScheme();
  const { data } = useFunctionList();
  const places = PLACES.map(({ path, label, also }) => ({
    id: path,
    label,
    hint: 'page',
    also,
    run: () => navigate(path),
  }));
  const actions: PaletteEntry[] = [
    { id: 'light', label: 'Light theme', hint: 'action', also: 'colour', run: () => setColorScheme('light') },
    { id: 'dark', label: 'Dark theme', hint: 'action', also: 'colour night', run: () => setColorScheme('dark') },
    { id: 'auto', label: 'Theme as the system', hint: 'action', also: 'colour', run: () => setColorScheme('auto') },
    { id: 'shortcuts', label: 'Keyboard shortcuts', hint: 'action', also: 'help', run: onShowShortcuts },
    {
      id: 'docs',
      label: 'API reference',
      hint: 'page',
      also: 'openapi',
      run: () => window.open('/docs', '_blank', 'noreferrer'),
    },
  ];
  const functions = (data?.items ?? []).map(({ name, runtime, description }) => ({
    id: `fn ${name}`,
    label: name,
    hint: runtime,
    also: description,
    run: () => navigate(`/functions/${encodeURIComponent(name)}`),
  }));
  const tabs = (data?.items ?? []).flatMap(({ name }) =>
    TABS.map((tab) => ({
      id: `fn ${name} ${tab}`,
      label: `${name} ${tab}`,
      hint: 'tab',
      run: () => navigate(`/functions/${encodeURIComponent(name)}/${tab}`),
    })),
  );
  return [...places, ...functions, ...actions, ...tabs];
}
