import {html} from 'ghtml'
import {SCRIPTS, type Failure, type Script} from '../failures/scripts.js'
import {live, nameOf, section} from './parts.js'

const WORDS: Record<Failure, string> = {
  error: 'answers 500, nothing done',
  timeout: 'done, but the answer never comes',
  'rate-limit': 'answers 429, nothing done',
  decline: 'declined',
  duplicate: 'sent twice',
}

export function failuresView(scripts: Script[]): string {
  return section(
    'failures',
    'Failures',
    html`!${live('failure-list', pending(scripts))}
      <form method="post" action="/actions/failures" class="row">
        <label class="wide"
          >What fails
          <select name="script">
            !${Object.entries(SCRIPTS).map(group)}
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
          html`<li>${nameOf(provider)} <b>${operation}</b>: ${WORDS[failure]}, ${times} times</li>`,
      )}
    </ul>
    <form method="post" action="/actions/failures/clear"><button id="clear-failures">Clear</button></form>`
}

function group([provider, operations]: [string, Record<string, readonly Failure[]>]): string {
  const options = Object.entries(operations).flatMap(([operation, failures]) =>
    failures.map(
      failure =>
        html`<option value="${[provider, operation, failure].join('/')}">
          ${operation}: ${WORDS[failure]}
        </option>`,
    ),
  )
  return html`<optgroup label="${nameOf(provider)}">!${options}</optgroup>`
}
