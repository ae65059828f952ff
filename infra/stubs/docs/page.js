// The gateway lists the OpenAPI documents in config.json. The query of the page's URL selects one of them.
const {urls} = await (await fetch('config.json')).json()
const requested = new URLSearchParams(location.search).get('urls.primaryName')
const shown = urls.find(({name}) => name === requested) ?? urls[0]

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
