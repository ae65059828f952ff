import {AquastreamError, type Problem} from '../errors.js'
import {which} from '../system/which.js'
import type {EngineChoice} from './choice.js'
import {composeEngine} from './compose/engine.js'
import {listContainers, runningProjects} from './compose/containers/states.js'
import {findEngineProblem} from './docker/problem.js'
import {embeddedEngine} from './embedded/engine.js'
import {dataIn, findStackDirectory} from './embedded/stack-directory/stack-directory.js'
import {isAnythingRunning} from './embedded/states.js'
import type {Engine} from './engine.js'
import {withMaskedEvidence} from './secrets/masked-engine.js'
import {swarmEngine} from './swarm/engine.js'
import type {StackContext} from './stack-context.js'

/**
 * Finds the engine that runs a stack, otherwise the one that would.
 * @throws engine-denied; settings-invalid
 */
export async function openEngine(stack: StackContext): Promise<Engine> {
  const {engine, problem} = await findEngine(stack)
  // Docker Engine is installed, and without access to it nobody knows whether the stack runs there.
  if (problem?.code === 'engine-denied')
    throw new AquastreamError(problem.code, problem.message, {hint: problem.hint})
  return withMaskedEvidence(engine, stack)
}

/**
 * Finds the engine for the start of a stack.
 * @returns the engine, and in `why` a sentence for the user if the choice of the engine needs one
 * @throws refused: the stack is running on the other engine, or its profile does not support the chosen one
 */
export async function openEngineFor(
  choice: EngineChoice,
  stack: StackContext,
): Promise<{engine: Engine; why: string | undefined}> {
  const {profile, project, env} = stack
  if (choice === 'embedded' && profile !== 'dev') {
    throw new AquastreamError('refused', `the embedded engine supports only dev, not ${profile}`, {
      hint: `remove --engine, or start dev: aquastream env:up --profile dev --engine embedded`,
    })
  }
  if (choice === 'swarm' && profile === 'dev') {
    throw new AquastreamError('refused', 'the swarm engine supports only stage and prod, not dev', {
      hint: 'remove --engine, or start stage: aquastream env:up --profile stage --engine swarm',
    })
  }
  const usual = await findEngine(stack)
  const wanted = choice === 'auto' && profile !== 'dev' ? (stack.engineSetting ?? choice) : choice
  if (wanted === 'auto' || wanted === usual.engine.name) {
    const why = usual.why ?? (profile === 'dev' ? await findDataLeft(usual.engine, project, env) : undefined)
    return {engine: withMaskedEvidence(usual.engine, stack), why}
  }
  if (usual.isRunning || (await runningProjects()).has(project)) {
    throw new AquastreamError('refused', `${project} is running on the ${usual.engine.name} engine`, {
      hint: `stop it first: aquastream env:down --profile ${profile}`,
    })
  }
  return {engine: withMaskedEvidence(create(wanted, stack), stack), why: undefined}
}

function create(name: string, stack: StackContext): Engine {
  const {project, env} = stack
  if (name === 'swarm') return swarmEngine(project)
  return name === 'embedded' ? embeddedEngine(project, env) : composeEngine(stack)
}

/** When dev moves from the embedded engine to Docker, the user is told where the data is. */
async function findDataLeft(
  engine: Engine,
  project: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (engine.name === 'embedded') return undefined
  const stackDirectory = findStackDirectory(project, env)
  if (!stackDirectory || (await dataIn(stackDirectory)).length === 0 || (await engine.volumes()).length > 0)
    return undefined
  return "dev starts empty on Docker; the embedded engine's data is kept: aquastream env:up --profile dev --engine embedded"
}

/** Returns every available engine that may hold data of a stack, starting with the one that runs it. */
export async function enginesOf(stack: StackContext, engine: Engine): Promise<Engine[]> {
  const {profile, project, env} = stack
  if (profile !== 'dev') {
    if (engine.name === 'swarm') return [engine, composeEngine(stack)]
    const {hasLeftovers} = await import('./swarm/cluster/store.js')
    return (await hasLeftovers(project)) ? [engine, swarmEngine(project)] : [engine]
  }
  if (engine.name === 'compose')
    return findStackDirectory(project, env) ? [engine, embeddedEngine(project, env)] : [engine]
  return (await findEngineProblem()) ? [engine] : [engine, composeEngine(stack)]
}

interface UsualEngine {
  engine: Engine
  /** Whether the stack is running; not determined for compose, which is asked in other ways. */
  isRunning: boolean
  why: string | undefined
  /** Why Docker is not available. */
  problem?: Problem
}

/** Only dev falls back to the embedded engine; the other profiles report why Docker is not available. */
async function findEngine(stack: StackContext): Promise<UsualEngine> {
  const {profile, project, env} = stack
  const compose = {engine: composeEngine(stack), isRunning: false, why: undefined}
  if (profile !== 'dev') return findServerEngine(stack)
  if (await isAnythingRunning(project, env))
    return {engine: embeddedEngine(project, env), isRunning: true, why: undefined}
  const problem = await findEngineProblem()
  if (!problem) return compose
  const dockerProblem = (await which('docker')) ? problem.message : undefined
  return {
    engine: embeddedEngine(project, env, dockerProblem),
    isRunning: false,
    why: `Docker is not available (${problem.message}). Using the embedded engine, which keeps its own data.`,
    problem,
  }
}

/** The engine that runs a stack of stage or prod, otherwise that of the setting. */
async function findServerEngine(stack: StackContext): Promise<UsualEngine> {
  const {project, engineSetting} = stack
  const swarm = {engine: swarmEngine(project), why: undefined}
  const compose = {engine: composeEngine(stack), isRunning: false, why: undefined}
  const {stacksInSwarm} = await import('./swarm/cluster/services.js')
  try {
    if ((await stacksInSwarm()).has(project)) return {...swarm, isRunning: true}
  } catch (error) {
    // What runs here can be read, backed up and stopped even if nobody knows what the Swarm runs.
    if ((await listContainers(project)).length > 0) return compose
    throw error
  }
  const isSwarm = engineSetting === 'swarm' && !(await runningProjects()).has(project)
  return isSwarm ? {...swarm, isRunning: false} : compose
}
