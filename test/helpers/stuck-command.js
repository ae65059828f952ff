// A command that shows a task and does not end when it is interrupted.
import {setInterval} from 'node:timers'
import {BaseCommand} from '../../dist/cli/base-command.js'

class Stuck extends BaseCommand {
  async run() {
    await this.progress(
      [['work']],
      update => update,
      ({on}) => {
        on({task: 'work', state: 'running', detail: 'never ends'})
        return new Promise(() => setInterval(() => undefined, 1000))
      },
    )
  }
}

await Stuck.run([], import.meta.url)
