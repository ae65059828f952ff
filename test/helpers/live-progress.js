// Shows updates of progress in the terminal: one on each line of stdin, as JSON. Ends with stdin.
import {createInterface} from 'node:readline'
import {liveProgress} from '../../dist/cli/progress/live.js'

const progress = liveProgress(JSON.parse(process.argv[2]))
for await (const line of createInterface({input: process.stdin})) progress.update(JSON.parse(line))
await progress.close()
