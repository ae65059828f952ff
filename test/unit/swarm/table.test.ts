import {execa} from 'execa'
import {describe, expect, test} from 'vitest'
import {SETTINGS} from '../../../src/config/settings.js'
import {parseComposeFile} from '../../../src/engines/swarm/translate/compose-file.js'
import {secretsOf} from '../../../src/engines/swarm/translate/secrets.js'
import {translate} from '../../../src/engines/swarm/translate/translate.js'

const IMAGE = {id: 'sha256:0', pinned: 'sha256:0', entrypoint: ['start'], command: ['serve']}
const SURROUNDINGS = {project: 'p', values: {}, images: new Map([['user', IMAGE]]), secrets: []}

describe('the translation of the Compose file', () => {
  test('a key without a row is an error that names it', () => {
    const file = {services: {user: {image: 'user', cpuset: '0'}}, networks: {}, volumes: {}}
    expect(() => parseComposeFile(JSON.stringify(file))).toThrow('cannot translate user.cpuset')
  })

  test('a key of a health check without a row is an error', () => {
    const file = {services: {user: {healthcheck: {disable: true}}}, networks: {}, volumes: {}}
    expect(() => parseComposeFile(JSON.stringify(file))).toThrow('user.healthcheck.disable')
  })

  test.each([
    ['network_mode', 'host'],
    ['security_opt', ['seccomp:unconfined']],
    ['tmpfs', ['/tmp:uid=1000']],
    ['tmpfs', ['/tmp:mode=0700,size=1m']],
  ])('a value that would be lost is an error: %s', (key, value) => {
    const file = {services: {user: {image: 'user', [key]: value}}, networks: {}, volumes: {}}
    expect(() => parseComposeFile(JSON.stringify(file))).toThrow(`cannot translate user.${key}: `)
  })

  test('values are passed on as they are, and secrets as files', () => {
    const file = parseComposeFile(
      JSON.stringify({
        services: {
          user: {
            ...SERVICE,
            environment: {
              PLAIN: 'a{{b',
              DOLLAR: 'a$$b',
              DB_PASSWORD: 'secret-value',
              JWT_SECRET: 'other-value',
            },
          },
        },
        networks: {},
        volumes: {},
      }),
    )
    const secrets = secretsOf('p', {POSTGRES_PASSWORD: 'secret-value', JWT_SECRET: 'other-value'})
    const spec = translate(
      'user',
      {...file, networks: {net: {name: 'p_net', labels: {}}}},
      {
        project: 'p',
        values: {},
        images: new Map([['user', IMAGE]]),
        secrets,
        nodes: {count: 1, hasEdgeNode: false},
      },
    )
    const {Env: env, Secrets: used, Command: command, Args: args} = spec.TaskTemplate.ContainerSpec
    const script = expect.stringContaining('-Djava.io.tmpdir=') as unknown
    expect(command).toEqual(['sh', '-c', script, 'own-tmp', 'start'])
    expect(args).toEqual(['serve'])
    expect(env).toEqual([
      'PLAIN=a{{"{{"}}b',
      'DOLLAR=a$b',
      'SPRING_CONFIG_IMPORT=optional:configtree:/run/secrets/',
    ])
    expect(used?.map(({File: {Name: name}}) => name)).toEqual([
      'DB_PASSWORD',
      'db.password',
      'JWT_SECRET',
      'jwt.secret',
    ])
    expect(JSON.stringify(spec)).not.toMatch(/secret-value|other-value/)
  })
})

test('another number of nodes changes no container', () => {
  const file = parseComposeFile(JSON.stringify({services: {gateway: SERVICE}, networks: {}, volumes: {}}))
  const onNodes = (count: number) =>
    translate(
      'gateway',
      {...file, networks: {net: {name: 'p_net', labels: {}}}},
      {...SURROUNDINGS, nodes: {count, hasEdgeNode: false}},
    )
  const [one, two] = [onNodes(1), onNodes(2)]
  expect(one.TaskTemplate.ContainerSpec.Env).toEqual(['SERVER_FORWARD_HEADERS_STRATEGY=native'])
  expect(one.Mode).not.toEqual(two.Mode)
  expect(one.Labels).toEqual(two.Labels)
  expect(one.TaskTemplate).toEqual(two.TaskTemplate)
})

test.each([
  [false, 'aquastream.data'],
  [true, 'aquastream.edge'],
])('edge stays on the labelled nodes: %s', (hasEdgeNode, label) => {
  const file = parseComposeFile(JSON.stringify({services: {edge: SERVICE}, networks: {}, volumes: {}}))
  const spec = translate(
    'edge',
    {...file, networks: {net: {name: 'p_net', labels: {}}}},
    {...SURROUNDINGS, nodes: {count: 2, hasEdgeNode}},
  )
  expect(spec.TaskTemplate.Placement?.Constraints).toEqual([`node.labels.${label}==true`])
})

test('every secret setting is a secret of Swarm', () => {
  const names = SETTINGS.filter(({secret, readBy}) => secret && readBy !== 'cli').map(({name}) => name)
  expect(secretsOf('p', Object.fromEntries(names.map(name => [name, name]))).length).toBe(names.length)
})

const SERVICE = {
  image: 'user',
  command: null,
  entrypoint: null,
  labels: {},
  logging: {driver: 'json-file', options: {}},
  networks: {net: null},
  deploy: {resources: {limits: {memory: '1', pids: 1}}},
}

// Only Compose knows which keys it prints.
test.skipIf(!(await hasCompose()))('every key of the real file has a row', async () => {
  const secrets = SETTINGS.filter(({neededIn}) => neededIn?.includes('dev'))
  const {stdout} = await execa(
    'docker',
    ['compose', '-f', 'infra/compose/docker-compose.yml', '--profile', '*', 'config', '--format', 'json'],
    {
      env: {
        AQUASTREAM_PROFILE: 'stage',
        ...Object.fromEntries(secrets.map(({name}) => [name, `value of ${name}`])),
      },
    },
  )
  expect(Object.keys(parseComposeFile(stdout).services)).toContain('edge')
})

async function hasCompose(): Promise<boolean> {
  return (await execa('docker', ['compose', 'version'], {reject: false})).exitCode === 0
}
