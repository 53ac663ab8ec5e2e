import { Button, Checkbox, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { RemoveButton } from '../../../shared/controls/remove-button.tsx';
import type { CorsValues, RouteRow } from '../form/settings-values.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';
import classes from './url-fields.module.css';

const METHODS = ['ANY', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const ACCESS = [
  { value: 'key', label: 'With a key' },
  { value: 'none', label: 'Anybody' },
];

/** Who may call the function's URL, from which pages, and by which further paths. */
export function UrlFields({ form }: { form: SettingsForm }) {
  const { auth, cors, routes } = form.values;
  const setCors = (part: Partial<CorsValues>): void => form.set({ cors: { ...cors, ...part } });
  const lists = [
    ['allowOrigins', 'Allowed origins', 'One a line, or *'],
    ['allowMethods', 'Allowed methods', 'GET, POST'],
    ['allowHeaders', 'Allowed headers', 'content-type'],
    ['exposeHeaders', 'Exposed headers', ''],
  ] as const;
  return (
    <>
      <div className={classes.wide}>
        <SegmentedControl
          aria-label="Who may call the URL"
          data={ACCESS}
          value={auth}
          onChange={(value) => form.set({ auth: value === 'none' ? 'none' : 'key' })}
        />
        <p className={classes.note}>
          {auth === 'key'
            ? 'Callers send a key of scope invoke: Authorization: Bearer <key>.'
            : 'Anybody who knows the address can call it, as often as its limits allow.'}
        </p>
      </div>
      {lists.map(([name, label, placeholder]) => (
        <Textarea
          key={name}
          label={`CORS: ${label.toLowerCase()}`}
          placeholder={placeholder}
          autosize
          minRows={1}
          maxRows={6}
          value={cors[name]}
          onChange={(event) => setCors({ [name]: event.currentTarget.value })}
          error={form.problemAt(`/url/cors/${name}`)}
          spellCheck={false}
        />
      ))}
      <TextInput
        label="CORS: kept by browsers for, s"
        value={cors.maxAgeSeconds}
        onChange={(event) => setCors({ maxAgeSeconds: event.currentTarget.value })}
        error={form.problemAt('/url/cors/maxAgeSeconds')}
        inputMode="numeric"
        autoComplete="off"
      />
      <Checkbox
        className={classes.check}
        label="CORS: with cookies and credentials"
        checked={cors.allowCredentials}
        onChange={(event) => setCors({ allowCredentials: event.currentTarget.checked })}
        error={form.problemAt('/url/cors/allowCredentials')}
      />
      <Routes routes={routes} form={form} />
    </>
  );
}

function Routes({ routes, form }: { routes: readonly RouteRow[]; form: SettingsForm }) {
  const change = (at: number, part: Partial<RouteRow>): void =>
    form.set({ routes: routes.map((route, index) => (index === at ? { ...route, ...part } : route)) });
  return (
    <fieldset className={classes.routes}>
      <legend>Routes</legend>
      {routes.map(({ method, path }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a route is its place in the list until it is saved
        <div key={index} className={classes.route}>
          <NativeSelect
            aria-label={`Method of route ${index + 1}`}
            data={METHODS.includes(method) ? METHODS : [method, ...METHODS]}
            value={method}
            onChange={(event) => change(index, { method: event.currentTarget.value })}
            error={form.problemAt(`/routes/${index}/method`)}
          />
          <TextInput
            aria-label={`Path of route ${index + 1}`}
            placeholder="/notes/{id}"
            value={path}
            onChange={(event) => change(index, { path: event.currentTarget.value })}
            error={form.problemAt(`/routes/${index}/path`) ?? form.problemAt(`/routes/${index}`)}
            spellCheck={false}
            autoComplete="off"
          />
          <RemoveButton
            label={`Remove route ${index + 1}`}
            onClick={() => form.set({ routes: routes.filter((_, at) => at !== index) })}
          />
        </div>
      ))}
      {form.problemAt('/routes') ? <p className={classes.problem}>{form.problemAt('/routes')}</p> : null}
      <Button variant="default" onClick={() => form.set({ routes: [...routes, { method: 'ANY', path: '/' }] })}>
        Add a route
      </Button>
    </fieldset>
  );
}
