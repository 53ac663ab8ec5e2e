import { PageHeader } from '../../shared/page/page-header.tsx';
import { Monitor } from './monitor.tsx';

export default function MonitorScreen() {
  return (
    <>
      <PageHeader title="Monitor" />
      <Monitor functionName={null} />
    </>
  );
}
