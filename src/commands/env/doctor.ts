import {BaseCommand} from '../../cli/base-command.js'
import type {DoctorReport} from '../../doctor/doctor.js'

export default class EnvDoctor extends BaseCommand<DoctorReport> {
  static override summary = 'check what a stack needs of this machine, and say what mends the rest'
  static override description =
    'The engine, Compose, ports, disk, memory, clock, limits, permissions, settings, the registries of missing images, and tools. All at the same time, and nothing of the stack is changed. Exits as env:up would at the first check that failed; a warning is no failure.'
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
    const report = await this.interruptible(signal => examineMachine(this.stackRequest(flags), signal))
    this.log(doctorSummary(report))
    await this.conclude(findFailure(report))
    return report
  }
}
