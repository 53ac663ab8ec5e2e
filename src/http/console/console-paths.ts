/** Everything the build writes beside index.html lies below this path. */
export const ASSETS_PREFIX = '/console/';

/** Screens whose address has a variable part are written with a slash at the end here. */
const SCREENS = [
  '/',
  '/new',
  '/functions',
  '/functions/',
  '/invocations',
  '/invocations/',
  '/logs',
  '/monitor',
  '/platform',
];

/**
 * Whether a path, without its query, is a screen of the console. The page is the same for all screens; its router tells
 * them apart.
 */
export function isScreen(path: string): boolean {
  return SCREENS.some((screen) =>
    screen.length > 1 && screen.endsWith('/') ? path.startsWith(screen) : path === screen,
  );
}
