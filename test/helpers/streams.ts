import {once} from 'node:events'

/** Waits until a stream contains a text. Throws if the stream ends without it. */
export async function seen(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let all = ''
  const ended = once(stream, 'end').then(() => {
    throw new Error(`ended without ${JSON.stringify(text)}:\n${all}`)
  })
  ended.catch(() => undefined)
  while (!all.includes(text)) all += String((await Promise.race([once(stream, 'data'), ended]))[0])
}
