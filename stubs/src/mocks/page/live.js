// Keeps the page up to date: when something happens, the parts marked data-live are fetched and replaced.
const status = document.getElementById('status')
let fetching = false
let again = false

showNewest()
const events = new EventSource('/events')
events.addEventListener('message', ({data}) => {
  say(data)
  void refresh()
})
events.addEventListener('open', () => void refresh())
events.addEventListener('error', () => say('The mocks do not answer. Trying again.'))

function say(sentence) {
  if (status) status.textContent = sentence
}

async function refresh() {
  again = fetching
  if (fetching) return
  fetching = true
  try {
    const response = await fetch(location.pathname)
    replaceParts(new DOMParser().parseFromString(await response.text(), 'text/html'))
  } catch {
    // The stream of events fails too then, and says so
  }
  fetching = false
  if (again) await refresh()
}

function replaceParts(fresh) {
  const focused = document.activeElement?.id
  for (const part of document.querySelectorAll('[data-live]')) {
    const newer = fresh.getElementById(part.id)
    if (newer && newer.innerHTML !== part.innerHTML) part.replaceChildren(...newer.childNodes)
  }
  if (focused) document.getElementById(focused)?.focus()
  showNewest()
}

function showNewest() {
  for (const list of document.querySelectorAll('[data-scroll]')) list.scrollTop = list.scrollHeight
}
