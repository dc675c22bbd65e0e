import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';
import { scene } from './scene';

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const schemes = ['light', 'dark'] as const;

/** What was looked at, for the log. */
export const seen = { views: 0, pictures: 0, rules: 0 };

/**
 * Looks at a view on a desktop and a phone, light and dark: keeps a picture of each, and has
 * axe find nothing wrong. again does what a change of size undoes, such as opening a menu.
 */
export async function look(page: Page, name: string, again?: () => Promise<void>) {
  seen.views++;
  for (const [device, size] of Object.entries(sizes)) {
    await page.setViewportSize(size);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await again?.();
      await settled(page);
      const view = `${name}-${device}-${colorScheme}`;
      await page.screenshot({ path: join(scene.screens, `${view}.png`) });
      seen.pictures++;
      if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
      const { violations, passes } = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: typeof import('axe-core') };
        const result = await axe.run(document, { resultTypes: ['violations'] });
        // An open menu is no part of any landmark, and is not meant to be (ARIA APG, Menu).
        for (const it of result.violations) {
          if (it.id !== 'region') continue;
          it.nodes = it.nodes.filter(({ target }) => {
            const node = document.querySelector(String(target[0]));
            return (
              !node?.closest('[role="menu"]') && !node?.querySelector(':scope > [role="menu"]')
            );
          });
        }
        return {
          violations: result.violations.filter(({ nodes }) => nodes.length > 0),
          passes: result.passes,
        };
      });
      seen.rules = Math.max(seen.rules, passes.length);
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
      );
      expect.soft(found, `axe at ${view}`).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(wide, `pixels beyond the edge of ${view}`).toBeLessThanOrEqual(0);
    }
  }
  await page.setViewportSize(sizes.desktop);
}

/** Waits until nothing moves that will come to rest. */
async function settled(page: Page) {
  await page.evaluate(async () => {
    const twice = () =>
      new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await twice();
    const finite = document
      .getAnimations()
      .filter((it) => it.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.race([
      Promise.allSettled(finite.map((it) => it.finished)),
      new Promise((done) => setTimeout(done, 1000)),
    ]);
    await twice();
  });
}
