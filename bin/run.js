#!/bin/sh
':' //; exec node -- "$0" "$@"
// Node 20 takes --env-file even from the arguments of the program; `--` prevents that.
//
// This file has no static import and no newer syntax than Node 10 can parse, so that its checks come first in any
// version. A test compares the version with `engines` in package.json.
const problem = findProblem()
if (problem) report(problem)
else import('../dist/cli/main.js').then(cli => cli.main())

function findProblem() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 12)) {
    return {
      code: 'tool-too-old',
      message: `aquastream needs Node.js 20.12 or newer, but the installed Node.js is version ${process.versions.node}`,
      hint: 'update Node.js: https://nodejs.org/en/download',
    }
  }
  try {
    process.cwd()
  } catch (error) {
    return {
      code: 'working-directory',
      message: `the current directory ${error.code === 'ENOENT' ? 'no longer exists' : `cannot be read: ${error.code}`}`,
      hint: 'change to another directory, then run the command again: cd ~',
    }
  }
}

/** Reports an error as cli/failure.ts does, which cannot be loaded here. */
function report({code, message, hint}) {
  const args = process.argv.slice(2)
  const end = args.indexOf('--')
  const isJson = args.slice(0, end < 0 ? args.length : end).includes('--json')
  process.exitCode = 3
  if (isJson) console.log(JSON.stringify({error: {code, exitCode: 3, message, hint}}, null, 2))
  else console.error(`error: ${message}\nhint: ${hint}`)
}
