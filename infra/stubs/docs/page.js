// The gateway says in config.json which documents there are.
SwaggerUIBundle({
  dom_id: '#page',
  configUrl: '/docs/config.json',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
})
