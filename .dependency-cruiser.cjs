// The one way that dependencies point: commands → cli, use cases → stack, engines, postgres, config.
const useCases = '^src/(env|logs|backup)/'

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
      to: {path: '^src/(commands|cli)/'},
    },
    {
      name: 'use-cases-know-no-terminal',
      comment: 'they report by typed events, and throw the errors of src/errors.ts',
      severity: 'error',
      from: {path: '^src/(env|logs|backup|stack|engines|postgres|config)/|^src/errors'},
      to: {path: 'node_modules/(@oclif|listr2|chalk|@inquirer)/'},
    },
    {
      name: 'engines-know-no-use-cases',
      severity: 'error',
      from: {path: '^src/(stack|engines|postgres|config)/'},
      to: {path: '^src/(commands|cli|env|logs|backup)/'},
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
      to: {path: '^src/', pathNot: '^src/stack/'},
    },
    {
      name: 'stubs-stand-alone',
      severity: 'error',
      from: {path: '^src/stubs/'},
      to: {path: '^src/', pathNot: '^src/stubs/'},
    },
    {
      name: 'nobody-needs-stubs',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/stubs/'},
      to: {path: '^src/stubs/'},
    },
    {
      name: 'ships-what-it-imports',
      comment: 'the build bundles src/zod.ts and the stub server with what they import',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(stubs/|zod\\.ts$)'},
      to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown']},
    },
    {
      name: 'zod-is-bundled-alone',
      comment: 'the bundle has the licence of zod, and no other',
      severity: 'error',
      from: {path: '^src/zod\\.ts$'},
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
