import { Button, Group, Modal } from '@mantine/core';
import { formatBytes } from '../../../shared/format/figures.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';

interface Props {
  zip: File;
  functionName: string;
  hasDraft: boolean;
  isBusy: boolean;
  error: unknown;
  onDeploy(): void;
  onClose(): void;
}

/** A zip is deployed as it is, so it is asked for first. */
export function ZipDialog({ zip, functionName, hasDraft, isBusy, error, onDeploy, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={`Deploy ${zip.name}?`}>
      <p>
        Its {formatBytes(zip.size)} become the whole code of <b>{functionName}</b>, in place of what is deployed now.
        {hasDraft ? ' Your draft, which is not deployed, goes.' : ''}
      </p>
      {error ? <ProblemNotice error={error} /> : null}
      <Group justify="flex-end" mt="sm">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={isBusy} onClick={onDeploy} data-autofocus>
          Deploy the zip
        </Button>
      </Group>
    </Modal>
  );
}
