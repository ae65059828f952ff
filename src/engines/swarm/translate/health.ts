import type {ServiceSpec} from './spec.js'
import type {HealthCheck} from './compose-file.js'
import {EXPORT_SECRETS} from './secrets.js'
import {nanoseconds} from './units.js'

/** With a timeout of 2 s, healthy tasks of a busy machine were ended again and again for five minutes. */
const LEAST_TIMEOUT = 15e9

/**
 * The recovery of a large database after a crash takes long, and a check that ends it makes it begin anew, for ever. A new
 * version that never becomes healthy is found by the time limit of the command.
 */
const RECOVERY = 1800e9

type Healthcheck = NonNullable<ServiceSpec['TaskTemplate']['ContainerSpec']['Healthcheck']>

/**
 * Translates a health check.
 * @param options.exported whether it needs secrets in its environment
 * @param options.isData whether it is that of a data service
 */
export function translateHealth(
  check: HealthCheck,
  {exported, isData}: {exported: boolean; isData: boolean},
): Healthcheck {
  return {
    Test: translateTest(check.test, exported),
    Interval: nanoseconds(check.interval),
    Timeout: Math.max(nanoseconds(check.timeout), LEAST_TIMEOUT),
    Retries: check.retries,
    StartPeriod: Math.max(nanoseconds(check.start_period), isData ? RECOVERY : 0),
    StartInterval: nanoseconds(check.start_interval),
  }
}

function translateTest([kind = '', command = '', ...rest]: string[], exported: boolean): string[] {
  if (kind !== 'CMD-SHELL') return [kind, command, ...rest]
  if (command.includes(READINESS)) return [kind, readinessThenLiveness(command)]
  const alive = ALIVE.find(({program}) => command.includes(program))?.alive
  const patient = alive === undefined ? command : aliveIsEnough(command, alive)
  return [kind, exported ? `${EXPORT_SECRETS}; ${patient}` : patient]
}

/** What tells that a data service is busy with itself; $status is that of its check. */
const ALIVE = [
  // 1: it rejects connections, because it recovers or shuts down. 2: it does not answer.
  {program: 'pg_isready', alive: '[ "$status" -eq 1 ]'},
  {program: 'redis-cli', alive: 'redis-cli ping 2>&1 | grep -qE "LOADING|BUSY"'},
]

/** From the first success on, a data service that is alive is not ended, as below. */
function aliveIsEnough(test: string, alive: string): string {
  return `ready=/tmp/.ready-$HOSTNAME; ( ${test} ); status=$?; if [ "$status" -eq 0 ]; then : >"$ready"; exit 0; fi; [ -e "$ready" ] && ${alive}`
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
