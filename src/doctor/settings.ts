import {type Check, failed, ok, warning} from './check.js'

/** What env:up would refuse, and names that nothing reads. */
export const settings: Check = {
  name: 'settings',
  async look(patient) {
    const {settings: found} = await patient.settings()
    const flaws = [
      ...found.problems.map(failed),
      ...found.notices.map(text =>
        warning(text, `see all: aquastream env:config --profile ${found.profile}`),
      ),
    ]
    return flaws.length > 0 ? flaws : ok(`nothing is missing, and all values are valid`)
  },
}
