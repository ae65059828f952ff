import {chalkStderr} from 'chalk'
import type {ProgressUpdate} from '../cli/progress/printer.js'

/** Turns a notice into a progress update. */
export function noticeUpdate(text: string): ProgressUpdate {
  return {notice: `${chalkStderr.yellow('note:')} ${text}`}
}
