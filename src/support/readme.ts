import type {StackContext} from '../engines/stack-context.js'
import {version} from '../system/version.js'
import type {MissingPart, BundleFile} from './collect.js'

interface Contents extends Pick<StackContext, 'profile' | 'project'> {
  files: Pick<BundleFile, 'path' | 'about'>[]
  masked: Record<string, number>
  missing: MissingPart[]
}

/** Returns the README.txt of a support bundle, which describes its other files. */
export function readme({profile, project, files, masked, missing}: Contents): BundleFile {
  const about = 'description of each file, masked secrets, missing parts'
  const sections = [
    `Support bundle of project ${project}, profile ${profile}.\nCreated at ${new Date().toISOString()} by aquastream ${version}.`,
    section(
      'Files',
      [{path: 'README.txt', about}, ...files].map(file => [file.path, file.about]),
    ),
    section(
      'Masked secrets and their number. Each one is replaced by [masked NAME]',
      Object.entries(masked).map(([name, count]) => [name, String(count)]),
    ),
    section(
      'Missing',
      missing.map(({what, why}) => [what, why]),
    ),
  ]
  return {path: 'README.txt', about, text: `${sections.join('\n\n')}\n`}
}

function section(title: string, rows: string[][]): string {
  const width = Math.max(...rows.map(([name = '']) => name.length))
  const lines = rows.map(([name = '', text]) => `  ${name.padEnd(width)}  ${text}`)
  return [`${title}:`, '', ...(lines.length > 0 ? lines : ['  none'])].join('\n')
}
