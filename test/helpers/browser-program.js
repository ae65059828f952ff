// Finds Chromium on this machine. Plain JavaScript, because test/run.js uses it too.
import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/**
 * Returns the path of the first Chromium in PATH.
 *
 * @returns {string | undefined}
 */
export function chromium() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return NAMES.flatMap(name => folders.map(folder => join(folder, name))).find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
