// The one way that dependencies point:
// commands → views, cli, use cases (env, logs, backup; above them offsite, doctor, support) → postgres → engines → config → stack → system.
const typesOnly = {dependencyTypesNot: ['type-only']}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'views-make-text-alone',
      comment: 'of use cases they take types; values come from what has no input, no output and no state',
      severity: 'error',
      from: {path: '^src/views/'},
      to: {
        path: '^src/',
        pathNot: '^src/(views|cli/terminal|stack)/|^src/system/(time|text/)|^src/backup/policy',
        ...typesOnly,
      },
    },
    {
      name: 'views-use-chalk-alone',
      severity: 'error',
      from: {path: '^src/views/'},
      to: {dependencyTypes: ['npm', 'core'], pathNot: 'node_modules/chalk/', ...typesOnly},
    },
    {
      name: 'cli-knows-no-use-case',
      comment: 'and no service and no database: commands bring them together',
      severity: 'error',
      from: {path: '^src/cli/'},
      to: {path: '^src/(commands|views|env|logs|backup|offsite|doctor|support|stack|postgres)/'},
    },
    {
      name: 'use-cases-know-no-commands',
      severity: 'error',
      from: {path: '^src/(env|logs|backup|offsite|doctor|support)/'},
      to: {path: '^src/(commands|views|cli)/'},
    },
    {
      name: 'use-cases-stand-side-by-side',
      severity: 'error',
      from: {path: '^src/(env|logs|backup)/'},
      to: {path: '^src/(env|logs|backup)/', pathNot: '^src/$1/'},
    },
    {
      name: 'offsite-stands-above-backup',
      comment: 'it copies backups, and knows no other use case',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(commands|views|offsite|doctor|support)/'},
      to: {path: '^src/offsite/'},
    },
    {
      name: 'offsite-knows-backups-alone',
      severity: 'error',
      from: {path: '^src/offsite/'},
      to: {path: '^src/(env|logs)/'},
    },
    {
      name: 'doctor-and-support-stand-above',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(commands|views|doctor|support)/'},
      to: {path: '^src/(doctor|support)/'},
    },
    {
      name: 'doctor-and-support-stand-side-by-side',
      severity: 'error',
      from: {path: '^src/(doctor|support)/'},
      to: {path: '^src/(doctor|support)/', pathNot: '^src/$1/'},
    },
    {
      name: 'archive-knows-no-set',
      severity: 'error',
      from: {path: '^src/backup/archive/'},
      to: {path: '^src/backup/', pathNot: '^src/backup/(archive/|storage-error)'},
    },
    {
      name: 'use-cases-know-no-terminal',
      comment: 'they report by typed events, and throw the errors of src/errors.ts',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(commands|views|cli|stubs)/'},
      to: {path: 'node_modules/(@oclif|listr2|chalk|@inquirer)/'},
    },
    {
      name: 'engines-know-no-use-cases',
      severity: 'error',
      from: {path: '^src/(stack|engines|postgres|config)/'},
      to: {path: '^src/(commands|views|cli|env|logs|backup|offsite|doctor|support)/'},
    },
    {
      name: 'postgres-stands-above-engines',
      severity: 'error',
      from: {path: '^src/(engines|config|stack)/'},
      to: {path: '^src/postgres/'},
    },
    {
      name: 'engines-stand-above-config',
      severity: 'error',
      from: {path: '^src/config/'},
      to: {path: '^src/engines/'},
    },
    {
      name: 'stack-is-looked-up-once',
      comment: 'by the base class of the commands, and by the doctor, which reports why the look-up fails',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(cli/base-command|doctor/doctor)\\.ts$'},
      to: {path: '^src/engines/stack-context\\.ts$', ...typesOnly},
    },
    {
      name: 'one-engine-behind-its-interface',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/engines/'},
      to: {path: '^src/engines/(api|compose|docker|embedded|swarm)/'},
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
      comment: 'the build bundles src/system/execa.ts, zod.ts and aws4fetch.ts with their packages',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/system/(execa|zod|aws4fetch)\\.ts$'},
      to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown']},
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
