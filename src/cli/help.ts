import {CommandHelp, Help} from '@oclif/core'
import {EXIT_STATUS} from '../errors.js'

class CommandHelpWithExitStatus extends CommandHelp {
  override sections() {
    return [
      ...super.sections(),
      {header: 'EXIT STATUS', generate: () => this.renderList(exitStatusList(), renderOptions)},
    ]
  }
}

const renderOptions = {spacer: '\n', stripAnsi: false, indentation: 2}

function exitStatusList(): [string, string][] {
  return Object.entries(EXIT_STATUS).map(([status, meaning]) => [status, meaning])
}

/** oclif's help with the exit statuses in the help of each command; `oclif.helpClass` in package.json names it. */
export default class HelpWithExitStatus extends Help {
  protected override CommandHelpClass = CommandHelpWithExitStatus
}
