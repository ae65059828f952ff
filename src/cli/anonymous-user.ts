// This module is imported before oclif, which calls userInfo() while it loads. That call throws in a container whose
// user ID has no entry in /etc/passwd (`docker run --user 4242`), and every command would fail.
import {userInfo} from 'node:os'

try {
  userInfo()
} catch {
  process.env.HOME ||= '/'
  process.env.SHELL ||= '/bin/sh'
}
