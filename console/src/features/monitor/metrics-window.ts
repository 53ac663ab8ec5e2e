/** The windows one may pick, by what the API calls them. */
export const WINDOWS = [
  { value: '15m', label: '15 min', words: 'the last 15 minutes' },
  { value: '1h', label: '1 h', words: 'the last hour' },
  { value: '6h', label: '6 h', words: 'the last 6 hours' },
  { value: '24h', label: '24 h', words: 'the last 24 hours' },
  { value: '7d', label: '7 d', words: 'the last 7 days' },
  { value: '30d', label: '30 d', words: 'the last 30 days' },
] as const;

export type MetricsWindow = (typeof WINDOWS)[number];

/** An address may hold anything; what is no window is the hour. */
export function metricsWindow(value: string): MetricsWindow {
  return WINDOWS.find((one) => one.value === value) ?? WINDOWS[1];
}
