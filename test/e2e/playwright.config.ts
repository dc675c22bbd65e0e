import { defineConfig } from '@playwright/test';
import { flags } from './flags';
import { scene } from './scene';

// The Go tests of this folder start the server and run one script at a time against it.
export default defineConfig({
  testDir: '.',
  outputDir: process.env.CAIRN_SCENE_OUT ?? '../../test-results/playwright',
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  forbidOnly: true,
  use: {
    baseURL: scene.app,
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    actionTimeout: 15_000,
    launchOptions: {
      executablePath: scene.browser,
      args: flags,
    },
  },
});
