import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', 'dist/**', '**/*.golden.test.ts', '**/*.integration.test.ts'],
          benchmark: { include: [] },
        },
      },
      {
        test: {
          name: 'golden',
          include: ['**/*.golden.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          testTimeout: 120_000,
          benchmark: { include: [] },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
          // Each file has a control plane of its own.
          fileParallelism: false,
          benchmark: { include: [] },
        },
      },
      {
        test: {
          name: 'bench',
          include: [],
          benchmark: { include: ['bench/**/*.bench.ts'] },
          // As it runs when it is shipped: modules loaded by Node, whose exports cost nothing to reach.
          experimental: { viteModuleRunner: false },
        },
      },
    ],
  },
});
