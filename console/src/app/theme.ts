import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager } from '@mantine/core';

/** Read by public/console/color-scheme.js too, before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: 'coldframe-color-scheme' });

/** Calm and dense: one accent, small type, quiet surfaces. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  autoContrast: true,
  colors: {
    dark: [
      '#d8dee3',
      '#b3bdc5',
      '#97a3ad',
      '#7d8993',
      '#3a434a',
      '#2b3238',
      '#1f252a',
      '#14181b',
      '#101316',
      '#0b0d0f',
    ],
  },
  defaultRadius: 'sm',
  fontFamily: "'Inter Variable', Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: { fontWeight: '600' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs' } },
    NativeSelect: { defaultProps: { size: 'xs' } },
    MultiSelect: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Modal: {
      defaultProps: { centered: true, transitionProps: { duration: 120 }, closeButtonProps: { 'aria-label': 'Close' } },
    },
    Tooltip: { defaultProps: { openDelay: 200, withinPortal: true } },
  },
});

/** Where the shade that comes by itself leaves words too little contrast: errors at fields. */
const READABLE = { '--mantine-color-error': 'var(--status-bad)' };

/** Our own names for colours, so that no screen picks one by itself. Contrast on both surfaces is at least 4.5. */
export const cssVariables: CSSVariablesResolver = () => ({
  // Mantine's own is a shade lighter than the button, on which white text is too faint.
  variables: { '--mantine-color-cyan-filled-hover': '#095c6b', '--mantine-primary-color-filled-hover': '#095c6b' },
  light: {
    ...READABLE,
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1b2127',
    '--mantine-color-dimmed': '#5a6570',
    '--surface-sunken': '#f6f7f8',
    '--surface-hover': '#eff2f3',
    '--border': '#dfe3e6',
    '--accent': '#0b7285',
    '--status-good': '#2b7a3b',
    '--status-bad': '#c02b2b',
    '--status-late': '#a35200',
    '--status-moving': '#0b7285',
  },
  dark: {
    ...READABLE,
    '--mantine-color-body': '#14181b',
    '--mantine-color-text': '#d8dee3',
    '--mantine-color-dimmed': '#97a3ad',
    '--mantine-color-red-light-color': '#ff8787',
    '--surface-sunken': '#1a1f23',
    '--surface-hover': '#20262b',
    '--border': '#2b3238',
    '--accent': '#3bc9db',
    '--status-good': '#69db7c',
    '--status-bad': '#ff8787',
    '--status-late': '#ffc078',
    '--status-moving': '#66d9e8',
  },
});
