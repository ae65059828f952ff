/** One service of an update; `Version` identifies what runs. */
interface Change<Version> {
  service: string
  from: Version | null
  to: Version
}

/** An update, as an engine keeps it. */
interface Update<Version> {
  id: string
  changes: Change<Version>[]
}

/** What ran before the last update of a service. */
export interface Previous<Version> {
  service: string
  from: Version
  update: string
}

/**
 * Finds what ran before the last update of each service. It goes by what runs now, and not by recorded results: an update
 * that was rolled back has another version than the one that runs, and one whose command was killed may have changed some
 * services only.
 * @param updates newest first
 * @param names empty: the services of the newest update that replaced any. If it was rolled back, there are none: an earlier
 *   one is not undone without being asked for
 */
export function findPrevious<Version>(
  updates: Update<Version>[],
  names: string[],
  isRunning: (service: string, version: Version) => boolean,
): Previous<Version>[] {
  const services = new Set(updates.flatMap(({changes}) => changes.map(({service}) => service)))
  const found = [...services].flatMap(name =>
    previousOf(updates, ({service, to}) => service === name && isRunning(name, to)),
  )
  const last = updates.find(({changes}) => changes.some(({from}) => from !== null))?.id
  return found.filter(({service, update}) => (names.length > 0 ? names.includes(service) : update === last))
}

/**
 * Returns what ran before the newest update that led to the version that runs. If that has created the service, older
 * updates are those of a service that was removed, with everything that it needs.
 */
function previousOf<Version>(
  updates: Update<Version>[],
  madeIt: (change: Change<Version>) => boolean,
): Previous<Version>[] {
  const update = updates.find(({changes}) => changes.some(madeIt))
  const change = update?.changes.find(madeIt)
  return update && change?.from ? [{service: change.service, from: change.from, update: update.id}] : []
}
