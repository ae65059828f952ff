// Updates the page: after each change, the regions with data-live are fetched and replaced.
const status = document.getElementById('status')
let isRefreshing = false
let hasNewChange = false

scrollToNewest()
const events = new EventSource('/events')
events.addEventListener('message', ({data}) => {
  showStatus(data)
  void refresh()
})
events.addEventListener('open', () => void refresh())
events.addEventListener('error', () => showStatus('The mocks do not respond. Reconnecting…'))

function showStatus(sentence) {
  if (status) status.textContent = sentence
}

async function refresh() {
  hasNewChange = isRefreshing
  if (isRefreshing) return
  isRefreshing = true
  try {
    const response = await fetch(location.pathname)
    replaceRegions(new DOMParser().parseFromString(await response.text(), 'text/html'))
  } catch {
    // The event stream fails as well, and its error listener shows the status
  }
  isRefreshing = false
  if (hasNewChange) await refresh()
}

function replaceRegions(fresh) {
  const focused = document.activeElement?.id
  for (const region of document.querySelectorAll('[data-live]')) {
    const newer = fresh.getElementById(region.id)
    if (newer && newer.innerHTML !== region.innerHTML) region.replaceChildren(...newer.childNodes)
  }
  if (focused) document.getElementById(focused)?.focus()
  scrollToNewest()
}

function scrollToNewest() {
  for (const list of document.querySelectorAll('[data-scroll]')) list.scrollTop = list.scrollHeight
}
