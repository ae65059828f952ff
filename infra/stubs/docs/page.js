// The gateway lists the OpenAPI documents in config.json. The query of the page's URL selects one of them.
const {urls} = await (await fetch('config.json')).json()
const requested = new URLSearchParams(location.search).get('urls.primaryName')
const shown = urls.find(({name}) => name === requested) ?? urls[0]

const select = document.querySelector('select')
select.append(...urls.map(({name}) => new Option(name, name, false, name === shown.name)))
select.addEventListener('change', () => (location.href = `?urls.primaryName=${select.value}`))

// OpenAPI Explorer fills a parameter with its default, but not with its example.
const explorer = document.querySelector('openapi-explorer')
explorer.addEventListener('spec-loaded', ({detail: {tags}}) => {
  for (const parameter of tags.flatMap(({paths}) => paths).flatMap(({parameters}) => parameters))
    parameter.schema = {default: parameter.example, ...parameter.schema}
})
explorer.setAttribute('spec-url', new URL(shown.url, location.href).href)
