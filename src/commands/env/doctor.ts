import {BaseCommand} from '../../cli/base-command.js'
import type {DoctorReport} from '../../doctor/doctor.js'

export default class EnvDoctor extends BaseCommand<DoctorReport> {
  static override summary = 'check whether this machine can run a stack, and show how to fix each problem'
  static override description =
    'Checks the engine, Compose, ports, disk, memory, clock, limits, permissions, settings, the registries of missing images, tools, and whether restic can open the off-site repository. The checks run in parallel and change nothing in the stack. On several servers of a Swarm, containers that end within seconds show whether each has the images, reaches the others and has the right time. The exit status is that of the first failed check; warnings do not change it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --profile prod',
    {
      description: 'for scripts',
      command: `<%= config.bin %> <%= command.id %> --json | jq '.checks[] | select(.verdict != "ok")'`,
    },
  ]

  async run(): Promise<DoctorReport> {
    const {flags} = await this.parse(EnvDoctor)
    const {examineMachine, findFailure} = await import('../../doctor/doctor.js')
    const {doctorSummary} = await import('../../views/env/doctor.js')
    const found = await this.interruptible(signal => examineMachine(this.stackRequest(flags), signal))
    const rewrite = await this.hintRewriter()
    const checks = found.checks.map(check => ({
      ...check,
      hint: check.hint === null ? null : rewrite(check.hint),
    }))
    const report = {...found, checks}
    this.log(doctorSummary(report))
    await this.reportProblems(findFailure(report))
    return report
  }
}
