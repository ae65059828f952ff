// Imported before oclif, which asks the system for this user while it loads. In a container started with a
// user id of its own (`docker run --user 4242`) the system knows nobody, and every command would end there.
import {userInfo} from 'node:os'

try {
  userInfo()
} catch {
  process.env.HOME ||= '/'
  process.env.SHELL ||= '/bin/sh'
}
