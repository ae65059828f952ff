import {chalkStderr} from 'chalk'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {ago} from '../../cli/terminal/ago.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {UpEvent, UpReport} from '../../env/up.js'
import type {BackupEvent} from '../../env/updates/backup.js'
import type {InterruptionEvent} from '../../env/updates/interruption.js'
import type {UnreachableEvent} from '../../env/updates/smoke-test.js'
import type {WaitEvent} from '../../env/wait.js'
import {isHealthyOrSkipped} from '../../stack/state.js'
import {noticeUpdate} from '../notice.js'
import {accessTable} from './access.js'
import {startTable} from './service-table.js'

/** The first tasks of a start; one task per service follows. */
export const UP_TASKS = [['check'], ['images']]

/** Turns an event of `env:up` into a progress update. */
export function upUpdate(event: UpEvent): ProgressUpdate {
  switch (event.type) {
    case 'step':
      return event.state === 'done'
        ? {task: event.step, state: 'done', detail: 'done'}
        : {task: event.step, state: 'running', detail: STARTED[event.step]}
    case 'image':
      return {
        task: 'images',
        state: 'running',
        detail: [event.state, event.image, event.detail].filter(Boolean).join(' '),
      }
    case 'change':
      return {notice: changeText(event)}
    case 'services':
      return {tasks: event.services}
    case 'notice':
      return noticeUpdate(event.text)
    case 'interruption':
      return noticeUpdate(interruptionText(event))
    case 'unreachable':
      return {notice: `${chalkStderr.yellow('warning:')} ${unreachableText(event)}`}
    case 'backup':
      return {notice: backupText(event)}
    case 'service':
      return waitUpdate(event)
  }
}

/** Says which services a change interrupts, for how long, and how to avoid it. */
export function interruptionText({services, avoidable}: InterruptionEvent): string {
  const names = services.map(({service, seconds}) =>
    seconds === null ? service : `${service} (about ${Math.max(seconds, 1)} s)`,
  )
  const isKnown = services.some(({seconds}) => seconds !== null)
  const are = services.length === 1 ? 'is' : 'are'
  return [
    `${names.join(', ')} ${are} interrupted until the new container${services.length === 1 ? ' is' : 's are'} healthy`,
    ...(isKnown ? ['the times are those of the last start'] : []),
    ...(avoidable ? ['the swarm engine updates backends without interruption'] : []),
  ].join('; ')
}

/** Says that the gateway does not follow containers to their new addresses, and what helps. */
export function unreachableText({services}: UnreachableEvent): string {
  const names = services.join(', ')
  return [
    `the gateway has not reached ${names} since the update, although ${services.length === 1 ? 'it is' : 'they are'} healthy`,
    'it may keep the addresses of containers that no longer exist, for up to 10 minutes: set cacheMaxTimeToLive of Netty to 1 or 2 seconds in the gateway',
    'to make it ask again now: aquastream env:restart gateway',
  ].join('; ')
}

function backupText(event: BackupEvent): string {
  return event.state === 'started'
    ? `backing up ${event.schemas.join(', ')} before the update`
    : `backup ${event.id} is complete, with the label ${event.label}`
}

/** Turns the progress of one service into a progress update. */
export function waitUpdate({service, state, detail}: WaitEvent): ProgressUpdate {
  return {task: service, state: state === 'ready' ? 'done' : 'running', detail}
}

function changeText({service, action, reason, since}: UpEvent & {type: 'change'}): string {
  const age = since === null ? '' : ` (for ${ago(new Date(since))}, since ${since.slice(0, 19)}Z)`
  return `${service} will be ${action === 'restart' ? 'restarted' : 'recreated'}: ${reason}${age}`
}

const STARTED = {check: 'engine, settings, ports, disk', images: 'fetching missing images'}

/** What an engine has done to a service that was replaced. */
const REPLACED = {compose: 'Recreated containers', embedded: 'Restarted services', swarm: 'Updated'}

/**
 * Renders the services with their addresses, the logins, and the next commands.
 * @param flags the location flags, which these commands repeat
 */
export function upSummary(report: UpReport, flags: string): string {
  const {engine, recreated, restarted, services} = report
  const sentences = [
    resultText(report),
    ...(recreated.length > 0 ? [`${REPLACED[engine]}: ${recreated.join(', ')}.`] : []),
    ...(restarted.length > 0 ? [`Restarted because unhealthy: ${restarted.join(', ')}.`] : []),
  ]
  const next = ['logs --follow', 'env:status', 'env:down'].map(command => `  aquastream ${command} ${flags}`)
  const wrapped = sentences.map(sentence => wrap(sentence, 0, process.stdout))
  return [startTable(services), '', ...wrapped, '', ...logins(report), ...next].join('\n')
}

/** Only a start of all services says something about the whole stack, and only a start that waited about its health. */
function resultText({profile, requested, changed, services}: UpReport): string {
  const isOne = requested.length <= 1
  const subject =
    requested.length > 0 ? `${requested.join(', ')} of the ${profile} stack` : `The ${profile} stack`
  if (!changed) return `${subject} ${isOne ? 'was' : 'were'} already up; nothing was changed.`
  const hasNeeds = requested.length > 0 && services.length > requested.length
  const needs = hasNeeds ? `, with ${isOne ? 'its' : 'their'} dependencies` : ''
  if (services.every(isHealthyOrSkipped)) return `${subject} ${isOne ? 'is' : 'are'} up${needs}.`
  return `${subject} ${isOne ? 'was' : 'were'} started${needs}; not every service is healthy yet.`
}

function logins({access}: UpReport): string[] {
  if (access.length === 0) return []
  const stored = access.flatMap(({source, password}) => (source === null ? [] : [{source, password}]))
  const sources = [...new Set(stored.map(({source}) => source))]
  const lines = sources.map(place => {
    const names = stored.flatMap(({source, password}) => (source === place ? [password] : []))
    const some = `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`
    return wrap(`${sources.length === 1 ? 'The passwords are' : some} in ${place}.`, 0, process.stdout)
  })
  return [accessTable(access), '', ...(lines.length > 0 ? [...lines, ''] : [])]
}
