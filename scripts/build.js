// Builds the files that the package ships: dist/ (the CLI, with execa, zod and aws4fetch in one file each), the stub server in
// infra/stubs, and oclif.manifest.json.
import {execFileSync} from 'node:child_process'
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {build} from 'esbuild'
import {licencesOf} from './licences.js'

rmSync('dist', {recursive: true, force: true})
execFileSync('node_modules/.bin/tsc', {stdio: 'inherit'})
for (const name of ['execa', 'zod', 'aws4fetch']) await bundle(name)
execFileSync('npm', ['run', 'build', '--silent', '--workspace=stubs'], {stdio: 'inherit'})
execFileSync('node_modules/.bin/oclif', ['manifest'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true'},
})

/** Bundles src/system/NAME.ts with the packages that it imports, and puts their licences at the top. */
async function bundle(name) {
  const outfile = `dist/system/${name}.js`
  const {metafile} = await build({
    entryPoints: [`src/system/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    metafile: true,
    // What is written as CommonJS needs it for the modules of Node.js.
    banner: {
      js: "import {createRequire} from 'node:module';const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(path => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  )
  writeFileSync(outfile, `/*\n${licencesOf(packages)}*/\n${readFileSync(outfile, 'utf8')}`)
}
