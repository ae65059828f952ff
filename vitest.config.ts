import {availableParallelism} from 'node:os'
import {defineConfig} from 'vitest/config'

/** Tiers that start processes. The limits only turn a hang into a failure: the other lane may keep the machine busy. */
const light = {
  // The default of vitest leaves one of two processors idle.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 90_000,
  hookTimeout: 90_000,
}

/** Tiers that start servers. */
const heavy = {testTimeout: 180_000, hookTimeout: 180_000}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          ...light,
          // `npx vitest` would put npx into the commands of the views.
          env: {npm_command: 'test'},
        },
      },
      {test: {name: 'commands', include: ['test/commands/**/*.test.ts'], ...light}},
      {test: {name: 'stubs', include: ['test/stubs/**/*.test.ts'], ...light}},
      {test: {name: 'browser', include: ['test/browser/**/*.test.ts'], ...light}},
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
          // Two servers keep two cores busy while one of them waits.
          maxWorkers: 2,
          sequence: {groupOrder: 2},
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          ...heavy,
          // A stack takes every core while it starts: two at once would only be slower.
          maxWorkers: 1,
          sequence: {groupOrder: 3},
        },
      },
      {
        test: {
          name: 'swarm',
          include: ['test/swarm/**/*.test.ts'],
          ...heavy,
          // An update is watched for 90 seconds after it is healthy.
          testTimeout: 300_000,
          // Each file has servers of its own; an update mostly waits.
          maxWorkers: 4,
          sequence: {groupOrder: 4},
        },
      },
    ],
  },
})
