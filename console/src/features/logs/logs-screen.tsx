import { PageHeader } from '../../shared/page/page-header.tsx';
import { LogTail } from './log-tail.tsx';

export default function LogsScreen() {
  return (
    <>
      <PageHeader title="Logs" />
      <LogTail functionName={null} />
    </>
  );
}
