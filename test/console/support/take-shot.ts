import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export interface Shot {
  /** Where PNGs go. */
  folder: string;
  name: string;
  widths?: readonly number[];
  colorSchemes?: readonly ('light' | 'dark')[];
}

const HEIGHTS: Record<number, number> = { 390: 844, 1024: 768, 1280: 800, 1440: 900 };

/** Photographs a page at each width in each theme: `name-1440-dark.png`. */
export async function takeShot(page: Page, { folder, name, widths, colorSchemes }: Shot): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const width of widths ?? [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: HEIGHTS[width] ?? 900 });
    for (const colorScheme of colorSchemes ?? ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction(
        (wanted) => document.documentElement.dataset.mantineColorScheme === wanted,
        colorScheme,
      );
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), animations: 'disabled' });
    }
  }
}
