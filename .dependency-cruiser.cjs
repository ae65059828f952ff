// The one way that dependencies point: commands → cli, use cases → stack, engines, postgres, config.
const useCases = '^src/(env|logs|backup|doctor|support)/'

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'use-cases-know-no-commands',
      severity: 'error',
      from: {path: useCases},
      to: {path: '^src/(commands|views|cli)/'},
    },
    {
      name: 'use-cases-know-no-terminal',
      comment: 'they report by typed events, and throw the errors of src/errors.ts',
      severity: 'error',
      from: {path: '^src/(env|logs|backup|doctor|support|stack|engines|postgres|config|system)/|^src/errors'},
      to: {path: 'node_modules/(@oclif|listr2|chalk|@inquirer)/'},
    },
    {
      name: 'engines-know-no-use-cases',
      severity: 'error',
      from: {path: '^src/(stack|engines|postgres|config)/'},
      to: {path: '^src/(commands|views|cli|env|logs|backup|doctor|support)/'},
    },
    {
      name: 'one-engine-behind-its-interface',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/engines/'},
      to: {path: '^src/engines/(compose|embedded)/'},
    },
    {
      name: 'catalogue-knows-nothing',
      severity: 'error',
      from: {path: '^src/stack/'},
      to: {path: '^src/', pathNot: '^src/(stack|system)/|^src/errors'},
    },
    {
      name: 'system-knows-nothing',
      severity: 'error',
      from: {path: '^src/system/'},
      to: {path: '^src/', pathNot: '^src/system/'},
    },
    {
      name: 'stubs-stand-alone',
      severity: 'error',
      from: {path: '^stubs/'},
      to: {path: '^src/'},
    },
    {
      name: 'nobody-needs-stubs',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '^stubs/'},
    },
    {
      name: 'ships-what-it-imports',
      comment: 'the build bundles src/system/zod.ts with zod',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/system/zod\\.ts$'},
      to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown']},
    },
    {
      name: 'zod-is-bundled-alone',
      comment: 'the bundle has the licence of zod, and no other',
      severity: 'error',
      from: {path: '^src/system/zod\\.ts$'},
      to: {pathNot: '^node_modules/zod/'},
    },
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'tsconfig.json'},
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
