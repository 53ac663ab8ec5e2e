import { NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import { DeleteSection } from './delete-section.tsx';
import { EnvField } from './fields/env-field.tsx';
import { IsolationField } from './fields/isolation-field.tsx';
import { NumberField } from './fields/number-field.tsx';
import { RuntimeField } from './fields/runtime-field.tsx';
import { Section } from './fields/section.tsx';
import { TagsField } from './fields/tags-field.tsx';
import { UrlFields } from './fields/url-fields.tsx';
import { type SettingsForm, useSettingsForm } from './form/use-settings-form.ts';
import { SaveBar } from './save-bar.tsx';
import classes from './settings-tab.module.css';

export default function SettingsTab({ fn }: { fn: ColdframeFunction }) {
  return <Settings key={fn.id} fn={fn} />;
}

/** Only what was changed is sent; a refusal is shown at the field it is about. */
function Settings({ fn }: { fn: ColdframeFunction }) {
  const form = useSettingsForm(fn);
  return (
    <div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          form.save();
        }}
      >
        <General form={form} fn={fn} />
        <Section title="Tags" about="Names and values of your own. The list of functions is searched by them.">
          <TagsField form={form} />
        </Section>
        <Section title="Time" about="Each clock runs by itself; the reply comes within 100 ms of whichever ends first.">
          <NumberField form={form} name="timeoutMs" label="Handler" unit="ms" />
          <NumberField form={form} name="initTimeoutMs" label="Start and import" unit="ms" />
          <NumberField form={form} name="queueTimeoutMs" label="Waiting for a sandbox" unit="ms" />
        </Section>
        <Section title="Size" about="Of one sandbox. Where a limit is not enforced, each call’s receipt says so.">
          <NumberField form={form} name="memoryMib" label="Memory" unit="MiB" />
          <NumberField form={form} name="cpus" label="CPU" unit="cores" />
          <NumberField form={form} name="diskMib" label="Disk in /tmp" unit="MiB" />
        </Section>
        <Section title="Scale" about="Beyond the most calls at once, callers wait, then get 429 with Retry-After.">
          <NumberField form={form} name="maxConcurrency" label="Most calls at once" unit="" />
          <NumberField form={form} name="concurrencyPerSandbox" label="Calls in one sandbox" unit="" />
          <NumberField form={form} name="minWarm" label="Always warm" unit="sandboxes" />
        </Section>
        <Section
          title="Isolation"
          about="The fence around the function’s sandboxes; every call carries a receipt of it."
        >
          <IsolationField form={form} fn={fn} />
        </Section>
        <Section
          title="Network"
          about="With none, nothing outside the sandbox can be reached. Egress is the outside world without this host and private ranges."
        >
          <NetworkField form={form} />
        </Section>
        <Section title="Environment" about="Secrets are kept encrypted and cannot be read back here.">
          <EnvField form={form} />
        </Section>
        <Section title="URL" about="The function’s address for HTTP, on an origin of its own.">
          <UrlFields form={form} />
        </Section>
        <SaveBar form={form} />
      </form>
      <DeleteSection name={fn.name} />
    </div>
  );
}

function General({ form, fn }: { form: SettingsForm; fn: ColdframeFunction }) {
  return (
    <Section title="Function" about="The handler is file.function, without the file’s ending.">
      <RuntimeField form={form} fn={fn} />
      <TextInput
        label="Handler"
        value={form.values.handler}
        onChange={(event) => form.set({ handler: event.currentTarget.value })}
        error={form.problemAt('/handler')}
        spellCheck={false}
        autoComplete="off"
      />
      <NativeSelect
        label="Keep events and results of"
        value={form.values.capture}
        onChange={(event) => form.set({ capture: event.currentTarget.value })}
        data={[
          { value: 'none', label: 'no calls' },
          { value: 'errors', label: 'failed calls' },
          { value: 'all', label: 'all calls' },
        ]}
        error={form.problemAt('/capture')}
      />
      <Textarea
        className={classes.wide}
        label="Description"
        autosize
        minRows={1}
        maxRows={5}
        value={form.values.description}
        onChange={(event) => form.set({ description: event.currentTarget.value })}
        error={form.problemAt('/description')}
      />
    </Section>
  );
}

function NetworkField({ form }: { form: SettingsForm }) {
  const problem = form.problemAt('/network');
  return (
    <div className={classes.wide}>
      <SegmentedControl
        aria-label="Network"
        data={['none', 'egress']}
        value={form.values.network}
        onChange={(network) => form.set({ network })}
      />
      {problem === null ? null : <p className={classes.problem}>{problem}</p>}
    </div>
  );
}
