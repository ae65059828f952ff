// Unpacks a native library and loads it, as a JVM does for Netty or Snappy. The directory must allow execution.
import {copyFileSync, readdirSync} from 'node:fs'
import {join} from 'node:path'

const LIBRARIES = '/usr/lib/x86_64-linux-gnu'

export const loadLibrary = (directory, say) => {
  const name = readdirSync(LIBRARIES).find(file => file.startsWith('libz.so.'))
  const path = join(directory, 'libnative.so')
  copyFileSync(join(LIBRARIES, name), path)
  try {
    process.dlopen({exports: {}}, path)
  } catch (error) {
    // It is loaded, and only not a module of Node.js.
    if (!error.message.includes('did not self-register')) {
      say('ERROR', 'Application run failed', [`java.lang.UnsatisfiedLinkError: ${error.message}`])
      process.exit(1)
    }
  }
  say('INFO', `Loaded the native library ${path}`)
}
