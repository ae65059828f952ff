import type {ServiceSpec} from './spec.js'
import type {HealthCheck} from './compose-file.js'
import {EXPORT_SECRETS} from './secrets.js'
import {nanoseconds} from './units.js'

/** With a timeout of 2 s, healthy tasks of a busy machine were ended again and again for five minutes. */
const LEAST_TIMEOUT = 15e9

type Healthcheck = NonNullable<ServiceSpec['TaskTemplate']['ContainerSpec']['Healthcheck']>

/** Translates a health check; `exported` says that it needs secrets in its environment. */
export function translateHealth(check: HealthCheck, {exported}: {exported: boolean}): Healthcheck {
  return {
    Test: translateTest(check.test, exported),
    Interval: nanoseconds(check.interval),
    Timeout: Math.max(nanoseconds(check.timeout), LEAST_TIMEOUT),
    Retries: check.retries,
    StartPeriod: nanoseconds(check.start_period),
    StartInterval: nanoseconds(check.start_interval),
  }
}

function translateTest([kind = '', command = '', ...rest]: string[], exported: boolean): string[] {
  if (kind !== 'CMD-SHELL') return [kind, command, ...rest]
  if (command.includes(READINESS)) return [kind, readinessThenLiveness(command)]
  return [kind, exported ? `${EXPORT_SECRETS}; ${command}` : command]
}

const READINESS = '/actuator/health/readiness'

/**
 * Swarm ends a task whose check fails, while Compose only shows it. From the first success on, the check therefore asks
 * only whether the process is alive: otherwise a slow PostgreSQL would take down every backend. The mark has the name of
 * the container, because the old and the new container of an update share the directory.
 */
function readinessThenLiveness(command: string): string {
  const test = command.replaceAll(READINESS, '/actuator/health/$group')
  return `ready=/tmp/.ready-$HOSTNAME; group=readiness; if [ -e "$ready" ]; then group=liveness; fi; export group; ( ${test} ) && : >"$ready"`
}
