import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {pathFlag} from '../../cli/flags.js'
import type {InitReport} from '../../env/init.js'

export default class EnvInit extends BaseCommand<InitReport> {
  static override summary =
    'write the settings file of a profile with generated secrets, readable only by you'
  static override description = `Writes .env.<profile> to the current directory, with every variable and its description; an existing file is never overwritten. In a terminal, asks for the values that cannot be generated, such as the token of the Telegram bot, and offers to add the file to .gitignore. Otherwise takes these values from environment variables of the same names; the report lists those that are still missing.

Secrets cannot be passed as flags, because every user of the machine can read command-line arguments. dev needs no settings file.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile stage',
    {
      description: 'for scripts; secrets are taken from the environment',
      command:
        '<%= config.bin %> <%= command.id %> --profile prod --set YOOKASSA_SHOP_ID=100500 --set BIND=10.0.0.5 --json',
    },
  ]
  static override flags = {
    'env-file': pathFlag({
      description: 'write this file instead of .env.<profile>',
      helpGroup: 'GLOBAL',
    }),
    set: Flags.string({
      description: 'value of a variable that is not a secret; repeatable',
      helpValue: 'NAME=VALUE',
      multiple: true,
      default: [],
    }),
    gitignore: Flags.boolean({
      description: 'add the file to .gitignore without asking, unless git already ignores it',
    }),
  }

  async run(): Promise<InitReport> {
    const {flags} = await this.parse(EnvInit)
    const {flagsFor, planInit, writeInit} = await import('../../env/init.js')
    const {askSettings} = await import('../../cli/prompts/settings.js')
    const {askYesNo, canAsk} = await import('../../cli/prompts/confirm.js')
    const {ignoreQuestion, initSummary} = await import('../../views/env/init.js')
    const {flags: given, env, directory} = this.stackRequest(flags)
    const {profile = 'dev', envFile} = given
    const plan = await this.interruptible(() => planInit({profile, envFile, env, directory, set: flags.set}))
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
