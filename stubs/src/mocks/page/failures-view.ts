import {html} from 'ghtml'
import {FAILURES, SCRIPTS, type Failure, type Script} from '../failures/scripts.js'
import {formatTimes} from '../format-times.js'
import {liveRegion, providerName, section} from './parts.js'

/** Returns the section that shows and scripts failures. */
export function failuresView(scripts: Script[]): string {
  return section(
    'failures',
    'Failures',
    html`!${liveRegion('failure-list', pendingView(scripts))}
      <form method="post" action="/actions/failures" class="row">
        <label class="wide"
          >Operation and failure
          <select name="script">
            !${Object.entries(SCRIPTS).flatMap(optionViews)}
          </select></label
        >
        <label>Times <input name="times" type="number" min="1" max="100" value="1" required /></label>
        <button>Script failure</button>
      </form>
      <p class="note">
        In tests, <code>POST /__mocks/failures</code> with
        <code>{"provider": "yookassa", "operation": "create-payment", "failure": "error", "times": 1}</code>
        scripts a failure, <code>GET</code> lists all, and <code>DELETE</code> removes all.
      </p>`,
  )
}

function pendingView(scripts: Script[]): string {
  if (scripts.length === 0) return '<p class="empty">No failures are scripted.</p>'
  return html`<ul>
      !${scripts.map(
        ({provider, operation, failure, times}) =>
          html`<li>
            ${providerName(provider)} <b>${operation}</b>: ${FAILURES[failure]}, ${formatTimes(times)}
          </li>`,
      )}
    </ul>
    <form method="post" action="/actions/failures/clear">
      <button id="clear-failures">Remove all</button>
    </form>`
}

function optionViews([provider, operations]: [string, Record<string, readonly Failure[]>]): string[] {
  return Object.entries(operations).flatMap(([operation, failures]) =>
    failures.map(failure => {
      const value = [provider, operation, failure].join('/')
      return html`<option value="${value}">
        ${providerName(provider)} ${operation}: ${FAILURES[failure]}
      </option>`
    }),
  )
}
