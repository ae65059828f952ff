// The gateway says in config.json which documents there are; the page's own URL says which of them is shown.
const {urls} = await (await fetch('config.json')).json()
const asked = new URLSearchParams(location.search).get('urls.primaryName')
const shown = urls.find(({name}) => name === asked) ?? urls[0]

const select = document.querySelector('#definition')
select.append(...urls.map(({name}) => new Option(name, name, false, name === shown.name)))
select.addEventListener('change', () => (location.href = `?urls.primaryName=${select.value}`))

SwaggerUIBundle({
  dom_id: '#page',
  url: shown.url,
  layout: 'BaseLayout',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
})
