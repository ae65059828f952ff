import {findProject, type SettingsRequest} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import {composeEngine} from './compose/engine.js'
import {runningProfiles} from './compose/states.js'
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
  const profile = request.profile ?? (await onlyRunning(request.env)) ?? 'dev'
  const project = await findProject({...request, profile})
  return {profile, project, engine: composeEngine(project)}
}

async function onlyRunning({AQUASTREAM_PROJECT: project}: NodeJS.ProcessEnv): Promise<Profile | undefined> {
  const profiles = await runningProfiles(profile => project ?? `aquastream-${profile}`)
  return profiles.length === 1 ? profiles[0] : undefined
}
