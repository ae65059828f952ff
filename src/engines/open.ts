import {findProject, type SettingsRequest} from '../config/layers.js'
import {type Profile, PROFILES} from '../config/profile.js'
import {composeEngine} from './compose/engine.js'
import {runningProjects} from './compose/states.js'
import type {Engine} from './engine.js'

/** One stack of this machine: a profile, its project, and the engine that runs it. */
export interface Stack {
  profile: Profile
  project: string
  engine: Engine
}

/** Where to look for the stack of a command. */
export interface StackRequest extends Omit<SettingsRequest, 'profile'> {
  profile: Profile | undefined
}

/** The stack that a command is about: of the profile asked for, else the only one that runs, else dev. */
export async function openStack(request: StackRequest): Promise<Stack> {
  const profile = await findProfile(request)
  const project = await findProject({...request, profile})
  return {profile, project, engine: composeEngine(project)}
}

/** The profile that a command is about, by the same rule. */
export async function findProfile(request: StackRequest): Promise<Profile> {
  return request.profile ?? (await onlyRunning(request)) ?? 'dev'
}

async function onlyRunning(request: StackRequest): Promise<Profile | undefined> {
  const running = await runningProjects()
  const stacks = await Promise.all(
    PROFILES.map(async profile => ({profile, project: await findProject({...request, profile})})),
  )
  const ours = stacks.filter(({profile, project}) => running.get(project) === profile)
  return ours.length === 1 ? ours[0]?.profile : undefined
}
