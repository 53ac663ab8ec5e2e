import { Button, Group, Input, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Language } from '../../../../../src/domain/runtimes.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { LANGUAGE_CHOICES } from '../../../shared/controls/language-choices.ts';
import { formatBytes } from '../../../shared/format/figures.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import type { NewSettings } from './create-function.ts';
import { nameProblem } from './name/name-problem.ts';
import { useFreeName } from './name/use-free-name.ts';
import classes from './zip-create-dialog.module.css';

interface Props {
  zip: File;
  language: Language;
  isBusy: boolean;
  error: ApiProblem | null;
  onCreate(settings: NewSettings): void;
  onClose(): void;
}

/** What a zip does not say of the function it becomes. */
export function ZipCreateDialog({ zip, language, isBusy, error, onCreate, onClose }: Props) {
  const free = useFreeName(nameOf(zip));
  const [typedName, setTypedName] = useState<string | null>(null);
  const [runtime, setRuntime] = useState<string>(language);
  const [handler, setHandler] = useState('index.handler');
  const name = typedName ?? free ?? '';
  const problem = typedName === null ? null : nameProblem(name);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (nameProblem(name) === null && !isBusy) onCreate({ name, runtime, handler });
  };
  return (
    <Modal opened onClose={onClose} title={`A function from ${zip.name}`}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <p className={classes.what}>
            Its {formatBytes(zip.size)} become the whole code of the function, as they are.
          </p>
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setTypedName(event.currentTarget.value)}
            error={problem}
            autoComplete="off"
            spellCheck={false}
          />
          <Input.Wrapper label="Language" labelElement="div">
            <SegmentedControl
              fullWidth
              aria-label="Language"
              data={LANGUAGE_CHOICES}
              value={runtime}
              onChange={setRuntime}
            />
          </Input.Wrapper>
          <TextInput
            label="Handler"
            description="file.function, without the file’s ending"
            value={handler}
            onChange={(event) => setHandler(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
          />
          {error ? <ProblemNotice error={error} /> : null}
        </Stack>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy} disabled={nameProblem(name) !== null} data-autofocus>
            Create from the zip
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** The zip's own name, as far as a function can have it. */
function nameOf(zip: File): string {
  const name = zip.name
    .replace(/\.zip$/i, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 60);
  return name === '' ? 'my-function' : name;
}
