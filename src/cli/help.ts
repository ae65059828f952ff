import {type Command, CommandHelp, Help} from '@oclif/core'
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

/** The standard help with the table of exit statuses under each command; bin/run.js finds it by its name. */
export default class HelpWithExitStatus extends Help {
  protected override CommandHelpClass = CommandHelpWithExitStatus

  override async showCommandHelp(command: Command.Loadable): Promise<void> {
    await super.showCommandHelp(command)
  }
}
