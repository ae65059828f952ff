// A backend that behaves like a Spring Boot service on a JVM. The environment determines how; the options of a JVM are
// read as well, because the Compose file passes BACKEND_JAVA_OPTIONS to every backend: -DSLOW_JVM_START_SECONDS=20
//
//   SLOW_JVM_START_SECONDS  how long the start takes
//   SLOW_JVM_CPU_SECONDS    CPU time that the start needs, so that it takes longer on a busy machine
//   SLOW_JVM_LOG            text or json
//   SLOW_JVM_LIBRARY        a directory: a native library is unpacked to it and loaded from it
//   SLOW_JVM_FAILS          yes: exits with status 1 at the end of the start, with a stack trace
//   SLOW_JVM_LOCKED         yes: waits for the lock of Liquibase instead of becoming ready
//   SLOW_JVM_REFUSING       yes: serves, and is never ready
//   SLOW_JVM_EXIT_SECONDS   exits with status 1 this long after the start began
//   VERSION                 is served at /actuator/info
//
// While it runs, SIGUSR1 makes it unhealthy, or healthy again, and SIGUSR2 makes it use memory until it is killed.
import {Buffer} from 'node:buffer'
import {createServer} from 'node:http'
import {performance} from 'node:perf_hooks'
import {setImmediate, setInterval, setTimeout} from 'node:timers'
import {log} from './log.js'
import {loadLibrary} from './native-library.js'
import {loginFailure, poolWarning} from './stack-trace.js'

const javaOptions = process.env.JAVA_TOOL_OPTIONS ?? ''
const properties = [...javaOptions.matchAll(/-D(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])
const options = {...process.env, ...Object.fromEntries(properties)}
const seconds = name => Number(options[`SLOW_JVM_${name}_SECONDS`] ?? 0)
const isSet = name => options[`SLOW_JVM_${name}`] === 'yes'
const json = options.SLOW_JVM_LOG === 'json'
const logger = 'o.aquastream.' + (options.SPRING_APPLICATION_NAME ?? 'service')
const say = (level, message, trace) => log({json, level, logger, message, trace})

const started = performance.now()
let isUp = !isSet('REFUSING')

process.on('SIGTERM', () => {
  say('INFO', 'Commencing graceful shutdown. Waiting for active requests to complete')
  process.exit(143)
})
process.on('SIGUSR1', () => {
  isUp = !isUp
  say('WARN', `Readiness is ${isUp ? 'ACCEPTING_TRAFFIC' : 'REFUSING_TRAFFIC'}`)
})
process.on('SIGUSR2', () => {
  say('WARN', 'Memory is being allocated')
  // The blocks are filled, because memory that is only reserved does not count. Without a limit, 2 GiB are enough.
  const blocks = []
  while (blocks.length < 128) blocks.push(Buffer.alloc(16 * 1024 ** 2, 1))
  say('ERROR', `${blocks.length} blocks were allocated: this container has no memory limit`)
})

if (seconds('EXIT') > 0)
  setTimeout(
    () => {
      say('ERROR', 'A fatal error has been detected')
      process.exit(1)
    },
    seconds('EXIT') * 1000,
  )

start()

function start() {
  if (javaOptions) console.error(`Picked up JAVA_TOOL_OPTIONS: ${javaOptions}`)
  say('INFO', 'Starting Application using Java 21.0.5 with PID 1')
  if (options.SLOW_JVM_LIBRARY) loadLibrary(options.SLOW_JVM_LIBRARY, say)
  say('WARN', 'HikariPool-1 - Thread starvation or clock leap detected', poolWarning())
  if (isSet('LOCKED')) {
    say('INFO', 'Waiting for changelog lock....')
    setInterval(() => say('INFO', 'Waiting for changelog lock....'), 500)
    return
  }
  work(seconds('CPU'))
}

/** Uses the processor in short pieces, so that signals are handled meanwhile. */
function work(left) {
  const began = process.cpuUsage()
  while (used(began) < Math.min(0.05, left));
  const rest = left - used(began)
  if (rest > 0) setImmediate(() => work(rest))
  else setTimeout(finish, Math.max(0, seconds('START') * 1000 - (performance.now() - started)))
}

function used(began) {
  const {user, system} = process.cpuUsage(began)
  return (user + system) / 1e6
}

function finish() {
  if (isSet('FAILS')) {
    say('ERROR', 'Application run failed', loginFailure(logger))
    process.exit(1)
  }
  createServer((request, response) => {
    const [status, body] = answer(request.url)
    response.writeHead(status, {'content-type': 'application/json'})
    response.end(JSON.stringify(body))
  }).listen(Number(options.SERVER_PORT ?? 8080), () => {
    say('INFO', `Started Application in ${((performance.now() - started) / 1000).toFixed(3)} seconds`)
  })
}

function answer(url) {
  if (url.startsWith('/actuator/health'))
    return isUp ? [200, {status: 'UP'}] : [503, {status: 'OUT_OF_SERVICE'}]
  if (url === '/actuator/info') return [200, {build: {version: process.env.VERSION ?? ''}}]
  return [404, {status: 404}]
}
