import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import type {InitReport} from '../../env/init.js'

export default class EnvInit extends BaseCommand<InitReport> {
  static override summary = 'write the settings file of a profile, with strong secrets, for you alone to read'
  static override description = `Writes .env.<profile> into the current directory with every variable and what it is; never over a file that is there. In a terminal it asks for what only you know, such as the token of the Telegram bot, and offers to tell git to ignore the file. Elsewhere it takes these from the environment, by the same names, and leaves out what it does not find: the report says what is still to be filled in.

Secrets are no flags, since every user of the machine can read arguments. dev needs no file.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile stage',
    {
      description: 'for scripts; secrets come from the environment',
      command:
        '<%= config.bin %> <%= command.id %> --profile prod --set YOOKASSA_SHOP_ID=100500 --set BIND=10.0.0.5 --json',
    },
  ]
  static override flags = {
    'env-file': Flags.string({
      description: 'write this file instead of .env.<profile>',
      helpValue: 'PATH',
      helpGroup: 'GLOBAL',
    }),
    set: Flags.string({
      description: 'the value of a variable that is no secret; repeatable',
      helpValue: 'NAME=VALUE',
      multiple: true,
      default: [],
    }),
    gitignore: Flags.boolean({description: 'add the file to .gitignore if git would commit it; do not ask'}),
  }

  async run(): Promise<InitReport> {
    const {flags} = await this.parse(EnvInit)
    const {flagsFor, planInit, writeInit} = await import('../../env/init.js')
    const {askSettings} = await import('../../cli/prompts/settings.js')
    const {askYesNo, canAsk} = await import('../../cli/prompts/confirm.js')
    const {ignoreQuestion, initSummary} = await import('../../views/env/init.js')
    const {profile = 'dev', ...stack} = this.stackRequest(flags)
    const plan = await this.interruptible(() => planInit({...stack, profile, set: flags.set}))
    const answers = canAsk()
      ? await this.interruptible(signal => askSettings(plan.questions, signal))
      : new Map<string, string>()
    const offer = plan.ignored === false && !flags.gitignore && canAsk()
    const accepted = offer && (await this.interruptible(signal => askYesNo(ignoreQuestion(plan), signal)))
    const report = await this.interruptible(() =>
      writeInit(plan, {answers, gitignore: flags.gitignore || accepted}),
    )
    this.log(initSummary(report, flagsFor(report.file, report.profile)))
    return report
  }
}
