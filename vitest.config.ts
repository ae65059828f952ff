import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {test: {name: 'unit', include: ['test/unit/**/*.test.ts']}},
      {test: {name: 'commands', include: ['test/commands/**/*.test.ts'], testTimeout: 30_000}},
      {
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A dump and a restore keep two cores busy by themselves.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'embedded',
          include: ['test/embedded/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A stack takes every core while it starts: two at once would only be slower.
          fileParallelism: false,
        },
      },
      {test: {name: 'stubs', include: ['test/stubs/**/*.test.ts'], testTimeout: 30_000}},
      {test: {name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 30_000}},
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // A stack takes every core while it starts: two at once would only be slower.
          fileParallelism: false,
        },
      },
    ],
  },
})
