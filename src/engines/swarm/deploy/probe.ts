import {setTimeout as sleep} from 'node:timers/promises'
import {type Problem, throwProblems} from '../../../errors.js'
import {get, post, remove} from '../api/client.js'
import {type Node, tasksSchema} from '../api/objects.js'
import {isAvailable, listNodes} from '../cluster/cluster.js'
import {registryAuth} from '../cluster/registry-auth.js'
import {hasEnded} from '../cluster/services.js'
import {LABEL, type ServiceSpec} from '../translate/spec.js'
import {type Deployment, POLL_MS} from './ended.js'

/**
 * Checks that every node has the images of services that may run on any node, or pulls them there. The scheduler does not
 * know which images a node has: it sent an update to a node without it every five seconds, and 256 of 394 requests failed.
 * @throws image-missing, with a problem for each image and node
 */
export async function requireImages(specs: ServiceSpec[], deployment: Deployment): Promise<void> {
  const nodes = (await listNodes(deployment.signal)).filter(isAvailable)
  const anywhere = specs.filter(
    ({
      TaskTemplate: {
        Placement: {Constraints: limits},
      },
    }) => limits.length === 0,
  )
  // This node has them: they were fetched before.
  if (nodes.length === 1 || anywhere.length === 0) return
  const images = new Map(
    anywhere.map(spec => [spec.TaskTemplate.ContainerSpec.Image, spec.Labels[LABEL.image]!]),
  )
  const problems = [...images].map(async ([pinned, image], index) => {
    const name = `${deployment.project}-probe-${index}`
    const missing = await findMissing({name, pinned, image}, nodes, deployment)
    return missing.map(node => problemOf(image, node))
  })
  throwProblems((await Promise.all(problems)).flat())
}

function problemOf(image: string, {Description: {Hostname: node}}: Node): Problem {
  return {
    code: 'image-missing',
    message: `node ${node} does not have image ${image}, and cannot pull it`,
    hint: `load it there: docker save ${image} | ssh ${node} docker load; or push it to a registry that every node reaches`,
  }
}

/** Runs a container of the image on every node; a node that cannot create it rejects its task. */
async function findMissing(
  {name, pinned, image}: {name: string; pinned: string; image: string},
  nodes: Node[],
  {signal}: Deployment,
): Promise<Node[]> {
  await remove(`/services/${name}`, {what: 'remove a probe', signal})
  const body = {
    Name: name,
    Labels: {[LABEL.kind]: 'probe'},
    TaskTemplate: {
      // Whether the image has this program does not matter: its container has been created before it is started.
      ContainerSpec: {Image: pinned, Command: ['true'], ReadOnly: true, CapabilityDrop: ['ALL']},
      RestartPolicy: {Condition: 'none'},
    },
    Mode: {GlobalJob: {}},
  }
  const headers = await registryAuth(image)
  const id = await post('/services/create', body, {what: `look for ${image} on every node`, headers, signal})
  try {
    for (;;) {
      const params = {filters: {service: [id]}}
      const tasks = await get('/tasks', tasksSchema, {what: 'list tasks', params, signal})
      const stateOf = ({ID}: Node) => tasks.find(({NodeID}) => NodeID === ID)
      const ended = nodes.filter(node => {
        const task = stateOf(node)
        return task && hasEnded(task)
      })
      if (ended.length === nodes.length)
        return nodes.filter(node => stateOf(node)?.Status.State === 'rejected')
      await sleep(POLL_MS, undefined, {signal})
    }
  } finally {
    await remove(`/services/${id}`, {what: 'remove a probe'})
  }
}
