import {html} from 'ghtml'
import {FAILURES, SCRIPTS, type Failure, type Script} from '../failures/scripts.js'
import {timesWord} from '../times.js'
import {live, nameOf, section} from './parts.js'

export function failuresView(scripts: Script[]): string {
  return section(
    'failures',
    'Failures',
    html`!${live('failure-list', pending(scripts))}
      <form method="post" action="/actions/failures" class="row">
        <label class="wide"
          >What fails
          <select name="script">
            !${Object.entries(SCRIPTS).flatMap(options)}
          </select></label
        >
        <label>Times <input name="times" type="number" min="1" max="100" value="1" required /></label>
        <button>Script it</button>
      </form>
      <p class="note">
        For tests: <code>POST /__mocks/failures</code> with
        <code>{"provider": "yookassa", "operation": "create-payment", "failure": "error", "times": 1}</code>;
        <code>GET</code> lists, <code>DELETE</code> clears.
      </p>`,
  )
}

function pending(scripts: Script[]): string {
  if (scripts.length === 0) return '<p class="empty">Nothing fails.</p>'
  return html`<ul>
      !${scripts.map(
        ({provider, operation, failure, times}) =>
          html`<li>${nameOf(provider)} <b>${operation}</b>: ${FAILURES[failure]}, ${timesWord(times)}</li>`,
      )}
    </ul>
    <form method="post" action="/actions/failures/clear"><button id="clear-failures">Clear</button></form>`
}

function options([provider, operations]: [string, Record<string, readonly Failure[]>]): string[] {
  return Object.entries(operations).flatMap(([operation, failures]) =>
    failures.map(failure => {
      const value = [provider, operation, failure].join('/')
      return html`<option value="${value}">${nameOf(provider)} ${operation}: ${FAILURES[failure]}</option>`
    }),
  )
}
