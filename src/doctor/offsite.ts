import {valueOf} from '../config/layers.js'
import type {StackContext} from '../engines/stack-context.js'
import {hasImage} from '../engines/tool.js'
import {openRepository, type Repository} from '../offsite/restic/repository.js'
import {readOffsiteSettings} from '../offsite/settings.js'
import {which} from '../system/which.js'
import {advice, type Check, ok, skipped, warning} from './check.js'

/** Milliseconds without an answer of the repository after which the check has failed. */
const ANSWER_MS = 15_000

/** Checks that restic can open the off-site repository, if there is one: the program, the host key, the password. */
export const offsite: Check = {
  name: 'offsite',
  async run(context) {
    const stack = await context.stack()
    const {signal} = context
    if (valueOf(stack.layers, 'OFFSITE_REPOSITORY') === undefined) return withoutRepository(stack)
    const {image} = readOffsiteSettings(stack)
    const isInstalled = (await which('restic')) !== undefined
    if (!isInstalled && (await which('docker')) !== undefined && !(await hasImage(image, signal))) {
      return warning(
        `not checked: restic not found on this machine, and its image ${image} has to be pulled`,
        `install restic 0.14 or newer, or pull the image: docker pull ${image}`,
      )
    }
    const repository = await openRepository(stack, signal)
    const version = await open(repository, signal)
    const source = isInstalled ? '' : ` of the image ${image}`
    return ok(`restic ${version}${source} opens ${repository.name}`)
  },
}

function withoutRepository({profile, settingsFile}: StackContext) {
  const message = 'OFFSITE_REPOSITORY is not set'
  if (profile === 'dev') return skipped(message)
  return advice(
    `${message}: backups exist on this machine only`,
    `to keep an encrypted copy elsewhere, set it and OFFSITE_PASSWORD in ${settingsFile}, then run aquastream offsite:init --profile ${profile}`,
  )
}

/**
 * Opens the repository with its password, and returns the version of restic.
 * @throws no-such-repository, offsite-password, offsite-unreachable
 */
async function open(repository: Repository, signal: AbortSignal): Promise<string> {
  const {answerMs} = repository
  const version = await repository.run(['version'], {signal, stallMs: answerMs})
  // A check changes nothing, not even the cache of restic.
  const stallMs = Math.min(answerMs, ANSWER_MS)
  await repository.run(['cat', 'config', '--no-lock', '--no-cache'], {signal, stallMs})
  return /\d+(?:\.\d+)+/.exec(version)?.[0] ?? 'of unknown version'
}
