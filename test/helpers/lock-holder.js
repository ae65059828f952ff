// Takes the lock of a repository, and holds it until it is killed or has lost the lock.
import {clearInterval, setInterval} from 'node:timers'
import {withDirectoryLock} from '../../dist/backup/repository/lock.js'

const [, , root] = process.argv
process.stdout.write('asks\n')
try {
  await withDirectoryLock(root, 'db:backup', async signal => {
    process.stdout.write('held\n')
    const alive = setInterval(() => undefined, 1000)
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    clearInterval(alive)
    throw signal.reason
  })
} catch (error) {
  process.stdout.write(`${error.code}: ${error.message}\n`)
}
