import {repeatedNames} from '../config/layers.js'
import {type Check, failed, ok, warning} from './check.js'

/** Reports the settings that env:up would reject, and misspelt names. */
export const settings: Check = {
  name: 'settings',
  async run(context) {
    const {settings: found, layers} = await context.settings()
    const flaws = [
      ...found.problems.map(failed),
      ...[...found.notices, ...repeatedNames(layers)].map(text =>
        warning(text, `list all settings: aquastream env:config --profile ${found.profile}`),
      ),
    ]
    return flaws.length > 0 ? flaws : ok('complete and valid')
  },
}
