import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  {ignores: ['dist', 'infra/stubs/server.js', '**/node_modules', '*.cjs']},
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {parserOptions: {project: './tsconfig.check.json'}},
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess asks for it where a table is known
      '@typescript-eslint/only-throw-error': ['error', {allowThrowingAny: false, allowThrowingUnknown: true}],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', {allowThrowingUnknown: true}],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        {allowConstantLoopConditions: 'only-allowed-literals'},
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', {ignorePrimitives: {string: true}}], // '' is "not set"
      '@typescript-eslint/require-await': 'off', // an interface decides what is asynchronous
      '@typescript-eslint/no-empty-function': 'off',
      // Vendors' enums that are not exported cannot be named.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'stubs/**/*.ts'],
    ignores: ['src/stubs/**'],
    rules: {
      'max-lines': ['error', {max: 200, skipComments: true}],
      'max-lines-per-function': ['error', {max: 60, skipComments: true}],
      '@typescript-eslint/max-params': ['error', {max: 3}],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {globals: {process: 'readonly', console: 'readonly', URL: 'readonly'}},
  },
  {
    files: ['test/testbed/images/**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['Buffer', 'performance', 'setImmediate', 'setInterval', 'setTimeout'].map(name => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  {
    files: ['stubs/src/mocks/page/live.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'DOMParser', 'EventSource', 'fetch', 'location'].map(name => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['infra/stubs/docs/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'fetch', 'location', 'Option', 'URLSearchParams'].map(name => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-misused-promises': ['error', {checksVoidReturn: false}],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  prettier,
)
