// The parts of Docker Engine's objects that are used here, see https://docs.docker.com/reference/api/engine/
import * as z from '../../system/zod.js'

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? {})
const version = z.object({Index: z.number()})

export const infoSchema = z.object({
  Name: z.string(),
  ServerVersion: z.string(),
  SystemTime: z.string(),
  DockerRootDir: z.string(),
  Swarm: z.object({
    NodeID: z.string().default(''),
    NodeAddr: z.string().default(''),
    LocalNodeState: z.string(),
    ControlAvailable: z.boolean(),
  }),
})
export type Info = z.infer<typeof infoSchema>

/** A node that has joined, but has not yet reported, has no description. */
const nodeSchema = z
  .object({
    ID: z.string(),
    Version: version,
    // An update sets everything, so what is not named here has to be kept.
    Spec: z.looseObject({Labels: labels, Role: z.string(), Availability: z.string()}),
    Description: z
      .object({
        Hostname: z.string().optional(),
        Engine: z.object({EngineVersion: z.string().default('')}).optional(),
      })
      .optional(),
    Status: z.object({State: z.string(), Addr: z.string().default('')}),
    ManagerStatus: z.object({}).optional(),
  })
  .transform(({Description: about, ...node}) => ({
    ...node,
    Description: {
      Hostname: about?.Hostname || node.ID,
      Engine: about?.Engine ?? {EngineVersion: ''},
    },
  }))
export const nodesSchema = z.array(nodeSchema)
export type Node = z.infer<typeof nodesSchema>[number]

/** The name of a secret contains a hash of its value. */
const secretNames = z.array(z.object({SecretName: z.string()})).nullish()

export const serviceSchema = z.object({
  ID: z.string(),
  Version: version,
  UpdatedAt: z.string(),
  Spec: z.object({
    Name: z.string(),
    Labels: labels,
    TaskTemplate: z.object({
      ContainerSpec: z.object({Image: z.string(), Labels: labels, Secrets: secretNames}),
      ForceUpdate: z.number().default(0),
    }),
    Mode: z.object({Replicated: z.object({Replicas: z.number()}).optional()}),
    EndpointSpec: z
      .object({
        Ports: z.array(z.object({TargetPort: z.number(), PublishedPort: z.number().default(0)})).nullish(),
      })
      .optional(),
  }),
  UpdateStatus: z.object({State: z.string().optional(), Message: z.string().optional()}).optional(),
})
export const servicesSchema = z.array(serviceSchema)
export type SwarmService = z.infer<typeof serviceSchema>

export const tasksSchema = z.array(
  z.object({
    ID: z.string(),
    CreatedAt: z.string(),
    ServiceID: z.string(),
    Slot: z.number().default(0),
    NodeID: z.string().default(''),
    DesiredState: z.string(),
    Spec: z.object({
      ContainerSpec: z.object({Image: z.string(), Labels: labels, Secrets: secretNames}),
      ForceUpdate: z.number().default(0),
    }),
    Status: z.object({
      Timestamp: z.string(),
      State: z.string(),
      Message: z.string().default(''),
      Err: z.string().default(''),
      ContainerStatus: z
        .object({ContainerID: z.string().default(''), ExitCode: z.number().default(0)})
        .optional(),
    }),
  }),
)
export type Task = z.infer<typeof tasksSchema>[number]

/** Configs and secrets have the same shape; the data of a secret is never returned. */
export const storedSchema = z.array(
  z.object({
    ID: z.string(),
    Version: version,
    CreatedAt: z.string(),
    UpdatedAt: z.string(),
    Spec: z.object({Name: z.string(), Labels: labels, Data: z.string().default('')}),
  }),
)
export type Stored = z.infer<typeof storedSchema>[number]

export const containersSchema = z.array(z.object({Id: z.string(), Names: z.array(z.string())}))

export const networksSchema = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Options: z
      .record(z.string(), z.string())
      .nullish()
      .transform(options => options ?? {}),
  }),
)
export type Network = z.infer<typeof networksSchema>[number]
