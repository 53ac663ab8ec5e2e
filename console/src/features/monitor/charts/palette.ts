/** Colours of what charts show. A canvas knows no CSS variables; text beside a chart takes its swatches from here too. */
export interface Palette {
  ink: string;
  grid: string;
  volume: string;
  p50: string;
  p95: string;
  p99: string;
  errors: string;
  throttles: string;
  warm: string;
  claimed: string;
  cold: string;
  cpu: string;
  memory: string;
  concurrency: string;
}

export const PALETTES: Record<'light' | 'dark', Palette> = {
  light: {
    ink: '#5a6570',
    grid: '#eaedef',
    volume: '#4b98a7',
    p50: '#0b7285',
    p95: '#b35c00',
    p99: '#a61e4d',
    errors: '#c02b2b',
    throttles: '#e0942f',
    warm: '#b9d9df',
    claimed: '#4b98a7',
    cold: '#3b4a9e',
    cpu: '#5f3dc4',
    memory: '#2b7a3b',
    concurrency: '#0b7285',
  },
  dark: {
    ink: '#97a3ad',
    grid: '#232a2f',
    volume: '#3a9fb0',
    p50: '#3bc9db',
    p95: '#ffc078',
    p99: '#faa2c1',
    errors: '#ff8787',
    throttles: '#e8a54b',
    warm: '#2b4b52',
    claimed: '#3a9fb0',
    cold: '#91a7ff',
    cpu: '#b197fc',
    memory: '#69db7c',
    concurrency: '#3bc9db',
  },
};
