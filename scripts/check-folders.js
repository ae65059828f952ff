// Fails when a folder of src/ or stubs/ has more than 14 files.
import {execFileSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {dirname} from 'node:path'

const MOST = 14

const list = ['ls-files', '--cached', '--others', '--exclude-standard', 'src', 'stubs']
const files = execFileSync('git', list, {encoding: 'utf8'}).split('\n').filter(existsSync)
for (const folder of new Set(files.map(dirname))) {
  const count = files.filter(file => dirname(file) === folder).length
  if (count <= MOST) continue
  console.error(
    `${folder} has ${count} files, and ${MOST} are the most: give some of them a folder of their own`,
  )
  process.exitCode = 1
}
