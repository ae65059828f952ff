import {availableParallelism} from 'node:os'
import {defineConfig} from 'vitest/config'

/** Vitest's own default leaves one of two processors idle. */
const everyCore = Math.max(2, availableParallelism() - 1)

/** What starts servers: twice at once keeps two cores busy while one of them waits. */
const heavy = {testTimeout: 120_000, hookTimeout: 120_000}

export default defineConfig({
  test: {
    projects: [
      {test: {name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: everyCore}},
      {
        test: {
          name: 'commands',
          include: ['test/commands/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: everyCore,
        },
      },
      {
        test: {
          name: 'stubs',
          include: ['test/stubs/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: everyCore,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: everyCore,
        },
      },
      {
        test: {
          name: 'embedded',
          include: ['test/embedded/**/*.test.ts'],
          ...heavy,
          // A stack takes every core while it starts: two at once would only be slower.
          maxWorkers: 1,
          sequence: {groupOrder: 1},
        },
      },
      {
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts'],
          ...heavy,
          maxWorkers: 2,
          sequence: {groupOrder: 2},
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // A stack takes every core while it starts: two at once would only be slower.
          maxWorkers: 1,
          sequence: {groupOrder: 3},
        },
      },
    ],
  },
})
